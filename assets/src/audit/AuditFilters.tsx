import { useEffect, useState } from 'react';
import { momentOf, wall } from '../format/wall';
import { auditText } from '../text';
import { Button } from '../ui/Button';
import { Chip } from '../ui/Chip';
import { Choices } from '../ui/Choices';
import { Filter, FilterBar } from '../ui/FilterBar';
import { focusHeading } from '../ui/focus';
import { useZone } from '../ui/Time';
import { IgnoredFilters } from '../url/IgnoredFilters';
import { alternatives, type Search } from '../url/search';
import type { ChangeSearch } from '../url/useSearch';
import css from './Audit.module.css';
import { ACTION_CHOICES, type Filters, ignoredOf } from './filters';
import { useActors } from './useActors';

interface Props {
  filters: Filters;
  search: Search;
  change: ChangeSearch;
  /** The name of the actor that is asked for, as an entry has it. */
  actorName: string | undefined;
}

/** What takes every filter away. */
export const CLEARED = {
  action: undefined,
  actorId: undefined,
  driftId: undefined,
  from: undefined,
  to: undefined,
  cursor: undefined,
};

export function AuditFilters({ filters, search, change, actorName }: Props) {
  const groups = useActors();
  const zone = useZone();
  const set = (name: keyof Filters, value: string) => change({ [name]: value, cursor: undefined });
  const { actorId, driftId, from, to } = filters;
  const isListed = groups.some(({ actors }) => actors.some(({ id }) => id === actorId));
  return (
    <>
      <FilterBar label={auditText.filters}>
        <Choices
          label={auditText.action}
          choices={ACTION_CHOICES}
          chosen={alternatives(filters.action)}
          onChange={(chosen) => set('action', chosen.join(','))}
        />
        <Filter label={auditText.actor} isSet={actorId !== undefined}>
          <select value={actorId ?? ''} onChange={(event) => set('actorId', event.target.value)}>
            <option value="">{auditText.anyone}</option>
            {actorId === undefined || isListed ? null : <option value={actorId}>{actorName ?? actorId}</option>}
            {groups.map(({ group, actors }) => (
              <optgroup key={group} label={group}>
                {actors.map(({ id, name }) => (
                  <option key={id} value={id}>
                    {name}
                  </option>
                ))}
              </optgroup>
            ))}
          </select>
        </Filter>
        <TimeFilter label={auditText.from} value={from} zone={zone} onChange={(value) => set('from', value)} />
        <TimeFilter label={auditText.to} value={to} zone={zone} onChange={(value) => set('to', value)} />
        {driftId === undefined ? null : (
          <Chip label={auditText.driftFilter(driftId)} onRemove={() => set('driftId', '')} />
        )}
        {Object.keys(filters).length > 0 ? (
          <Button
            size="small"
            look="quiet"
            onClick={() => {
              focusHeading();
              change(CLEARED);
            }}
          >
            {auditText.clear}
          </Button>
        ) : null}
        <span className={css.zone}>{auditText.inZone(zone)}</span>
      </FilterBar>
      <IgnoredFilters found={ignoredOf(search)} change={change} />
    </>
  );
}

interface TimeProps {
  label: string;
  value: string | undefined;
  zone: string;
  onChange: (value: string) => void;
}

/** A moment, told in the person's zone and kept in UTC. It holds once it is left, or with Enter: a half-typed year isn't one. */
function TimeFilter({ label, value, zone, onChange }: TimeProps) {
  const shown = value === undefined ? '' : wall(Date.parse(value), zone);
  const [typed, type] = useState(shown);
  useEffect(() => type(shown), [shown]);
  const settle = () => {
    if (typed === shown) return;
    const moment = momentOf(typed, zone);
    onChange(moment === undefined ? '' : new Date(moment).toISOString());
  };
  return (
    <Filter label={label} isSet={value !== undefined}>
      <input
        type="datetime-local"
        value={typed}
        onChange={(event) => type(event.target.value)}
        onBlur={settle}
        onKeyDown={(event) => {
          if (event.key === 'Enter') settle();
        }}
      />
    </Filter>
  );
}
