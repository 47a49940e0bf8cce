import { type Ref, useState } from 'react';
import { useAccount } from '../shell/who';
import { driftListText as text } from '../text';
import { Button } from '../ui/Button';
import { Dropdown } from '../ui/Dropdown';
import { useZone } from '../ui/Time';
import { WordField } from '../ui/WordField';
import { WorkspaceField } from '../workspaces/WorkspaceField';
import { DayField } from './DayField';
import { dayOf, nextDay, startOfDay } from './days';
import css from './Filters.module.css';
import { type Filters as All, KINDS, OPEN, REAL, SEVERITIES, STATUSES, type Words } from './filters';
import type { Row } from './rows';
import { SearchBox } from './SearchBox';
import { ValueMenu } from './ValueMenu';

interface Props {
  filters: All;
  /** What is on the page: the words that it has are offered. */
  rows: readonly Row[];
  onChange: (filters: Partial<All>, how?: 'push' | 'replace') => void;
  search: Ref<HTMLInputElement>;
  ref: Ref<HTMLElement>;
}

export function Filters({ filters, rows, onChange, search, ref }: Props) {
  /** On a narrow screen, all but the search are put away until they are asked for. */
  const [isOpen, open] = useState(false);
  const add = (name: Words) => (word: string) => {
    if (!filters[name].includes(word)) onChange({ [name]: [...filters[name], word] });
  };
  return (
    <search className={css.filters} data-open={isOpen || undefined} aria-label={text.filters.label} ref={ref}>
      <div className={css.search}>
        <SearchBox ref={search} value={filters.search} onSearch={(words) => onChange({ search: words }, 'replace')} />
      </div>
      <Button className={css.toggle} aria-expanded={isOpen} onClick={() => open(!isOpen)}>
        {text.filters.show}
      </Button>
      <ValueMenu
        name="status"
        known={STATUSES}
        chosen={filters.status}
        preset={{ label: text.filters.onlyOpen, values: OPEN }}
        onChange={(status) => onChange({ status })}
      />
      <ValueMenu
        name="severity"
        known={SEVERITIES}
        chosen={filters.severity}
        onChange={(severity) => onChange({ severity })}
      />
      <ValueMenu
        name="kind"
        known={KINDS}
        chosen={filters.kind}
        preset={{ label: text.filters.onlyReal, values: REAL }}
        onChange={(kind) => onChange({ kind })}
      />
      <div className={css.workspace}>
        <WorkspaceField hideLabel onPick={add('workspace')} />
      </div>
      <Dropdown label={text.filters.more} align="end">
        <More filters={filters} rows={rows} onAdd={add} onChange={onChange} />
      </Dropdown>
    </search>
  );
}

interface MoreProps extends Pick<Props, 'filters' | 'rows' | 'onChange'> {
  onAdd: (name: Words) => (word: string) => void;
}

/** The filters that are wanted now and then. */
function More({ filters, rows, onAdd, onChange }: MoreProps) {
  const { email } = useAccount();
  const zone = useZone();
  const known = (of: (row: Row) => string | null) => [...new Set(rows.map(of))].filter((word) => word !== null).sort();
  return (
    <div className={css.more}>
      <WordField
        label={text.filters.resourceType}
        known={known((row) => row.resourceType)}
        onPick={onAdd('resourceType')}
      />
      <WordField label={text.filters.region} known={known((row) => row.region)} onPick={onAdd('region')} />
      <WordField
        label={text.filters.assignee}
        known={[...new Set([email, ...known((row) => row.assignee)])]}
        onPick={onAdd('assignee')}
      />
      <Button size="small" aria-pressed={filters.assignee.includes(email)} onClick={() => onAdd('assignee')(email)}>
        {text.filters.me}
      </Button>
      <p className={css.hint}>{text.filters.exact}</p>
      <div className={css.days}>
        <DayField
          label={text.filters.detectedFrom}
          day={dayOf(filters.detectedFrom, zone)}
          onDay={(day) => onChange({ detectedFrom: day && startOfDay(day, zone) })}
        />
        <DayField
          label={text.filters.detectedTo}
          day={dayOf(filters.detectedTo, zone, true)}
          onDay={(day) => onChange({ detectedTo: day && startOfDay(nextDay(day), zone) })}
        />
      </div>
      <p className={css.hint}>{text.filters.days}</p>
    </div>
  );
}
