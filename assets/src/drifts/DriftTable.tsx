import { memo, type Ref, useEffect, useRef } from 'react';
import { driftListText as text } from '../text';
import type { Search } from '../url/search';
import type { Column } from './columns';
import { DriftRow } from './DriftRow';
import css from './DriftTable.module.css';
import type { SortBy, SortOrder, View } from './filters';
import type { Row } from './rows';
import { isPicked, type Selection, sizeOn } from './selection';
import type { Live } from './useLive';

interface Props {
  rows: readonly Row[];
  view: View;
  /** What a row's link carries. */
  search: Search;
  columns: readonly Column[];
  /** `undefined` where nothing can be selected. */
  selection: Selection | undefined;
  isAllSelected: boolean;
  live: Live;
  onSort: (sortBy: SortBy, sortOrder: SortOrder) => void;
  onSelect: (id: string, isRange: boolean) => void;
  onSelectPage: () => void;
  ref: Ref<HTMLTableElement>;
}

const SORTED: Partial<Record<Column, SortBy>> = {
  costImpactMonthly: 'costImpactMonthly',
  detectedAt: 'detectedAt',
  lastSeenAt: 'lastSeenAt',
};

/** It draws itself anew only when something of it has changed: not for each letter of a search. */
export const DriftTable = memo(function DriftTable(props: Props) {
  const { rows, view, search, columns, selection, isAllSelected, live, onSort, onSelect, onSelectPage, ref } = props;
  const picked = selection ? sizeOn(selection, rows) : 0;
  const head = (column: Column) => {
    const sortBy = SORTED[column];
    return sortBy ? (
      <Sorter key={column} column={column} sortBy={sortBy} view={view} onSort={onSort} />
    ) : (
      <th key={column} scope="col" className={css[column]}>
        {text.columns[column]}
      </th>
    );
  };
  return (
    <table className={css.table} ref={ref}>
      <thead>
        <tr>
          {selection ? (
            <th scope="col" className={css.check}>
              <PageBox isAll={isAllSelected} isSome={picked > 0} onChange={onSelectPage} />
            </th>
          ) : null}
          <Sorter column="severity" sortBy="severity" view={view} onSort={onSort} />
          <th scope="col">{text.columns.address}</th>
          {columns.map(head)}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <DriftRow
            key={row.id}
            row={row}
            search={search}
            columns={columns}
            isSelected={selection && isPicked(selection, row.id)}
            onSelect={onSelect}
            isFlashed={live.flashed.has(row.id)}
            decider={live.deciders.get(row.id)}
          />
        ))}
      </tbody>
    </table>
  );
});

interface SorterProps {
  column: Column | 'severity';
  sortBy: SortBy;
  view: View;
  onSort: Props['onSort'];
}

/** A column's header that sorts: descending first, then the other way round. */
function Sorter({ column, sortBy, view, onSort }: SorterProps) {
  const order = view.sortBy === sortBy ? view.sortOrder : undefined;
  return (
    <th
      scope="col"
      className={css[column]}
      aria-sort={order === undefined ? undefined : order === 'asc' ? 'ascending' : 'descending'}
    >
      <button type="button" className={css.sorter} onClick={() => onSort(sortBy, order === 'desc' ? 'asc' : 'desc')}>
        {text.columns[column]}
        <span className={css.arrow} aria-hidden="true">
          {order === 'asc' ? '▲' : '▼'}
        </span>
      </button>
    </th>
  );
}

/** Selects the page: ticked where all of it is, half where some is. */
export function PageBox({ isAll, isSome, onChange }: { isAll: boolean; isSome: boolean; onChange: () => void }) {
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (box.current) box.current.indeterminate = isSome && !isAll;
  }, [isSome, isAll]);
  return <input ref={box} type="checkbox" aria-label={text.select.page} checked={isAll} onChange={onChange} />;
}
