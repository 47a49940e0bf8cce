import { dateTime } from '../format/time';
import { common, driftListText as text } from '../text';
import { Button } from '../ui/Button';
import { Chip } from '../ui/Chip';
import { useZone } from '../ui/Time';
import type { Search } from '../url/search';
import { dayOf, startsDay } from './days';
import css from './Filters.module.css';
import { type Filters, PLAIN, searchOf, WORDS } from './filters';
import { wordOf } from './wordOf';

interface Props {
  filters: Filters;
  /** What the URL says that means nothing here. */
  unknown: Search;
  onChange: (filters: Partial<Filters>) => void;
  onForget: (name: string) => void;
  onClear: () => void;
}

/** The filters that are set, each with the way to take it away. */
export function FilterChips({ filters, unknown, onChange, onForget, onClear }: Props) {
  const zone = useZone();
  const chips = chipsOf(filters, zone);
  const wrong = Object.entries(unknown);
  if (chips.length + wrong.length === 0) return null;
  return (
    <ul className={css.chips} aria-label={text.filters.set}>
      {chips.map(({ label, without }) => (
        <li key={label}>
          <Chip label={label} onRemove={() => onChange(without)} />
        </li>
      ))}
      {wrong.map(([name, value]) => (
        <li key={name}>
          <Chip label={common.ignoredFilter(name, value)} onRemove={() => onForget(name)} />
        </li>
      ))}
      <li>
        <Button size="small" look="quiet" onClick={onClear}>
          {text.filters.clearAll}
        </Button>
      </li>
    </ul>
  );
}

interface Told {
  label: string;
  without: Partial<Filters>;
}

/**
 * What is set, in words: one for each word that was added, one for each of the other filters. With `whole`, what stands
 * in every plain view, too.
 */
export function chipsOf(filters: Filters, zone: string, whole = false): Told[] {
  const said = searchOf(filters);
  const told: Told[] = [];
  const add = (name: keyof typeof text.filters & keyof Filters, value: string) =>
    told.push({ label: text.filters.chip(text.filters[name], value), without: { [name]: PLAIN[name] } });
  if (filters.search) add('search', filters.search);
  for (const name of ['status', 'severity', 'kind'] as const) {
    const values = filters[name].map((value) => wordOf(name, value)).join(common.or);
    if (said[name] || (whole && values)) add(name, values || text.filters.any);
  }
  for (const name of WORDS) {
    for (const word of filters[name]) {
      const label = text.filters.chip(text.filters[name], word);
      told.push({ label, without: { [name]: filters[name].filter((one) => one !== word) } });
    }
  }
  const { detectedFrom, detectedTo } = filters;
  if (detectedFrom) add('detectedFrom', moment(detectedFrom, zone, false));
  if (detectedTo) {
    const name = startsDay(detectedTo, zone) ? 'detectedTo' : 'detectedBefore';
    const label = text.filters.chip(text.filters[name], moment(detectedTo, zone, true));
    told.push({ label, without: { detectedTo: '' } });
  }
  return told;
}

const moment = (at: string, zone: string, isEnd: boolean) =>
  startsDay(at, zone) ? dayOf(at, zone, isEnd) : dateTime(Date.parse(at), zone);
