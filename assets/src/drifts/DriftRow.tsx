import { memo } from 'react';
import { count, money } from '../format/numbers';
import { common, kinds, driftListText as text } from '../text';
import { SeverityBadge, StatusBadge } from '../ui/Badge';
import { Link } from '../ui/Link';
import { Time } from '../ui/Time';
import type { Search } from '../url/search';
import type { Column } from './columns';
import { cut } from './cut';
import css from './DriftTable.module.css';
import { counts } from './difference';
import type { Row } from './rows';

interface Props {
  row: Row;
  /** The list that its page leads back to. */
  search: Search;
  columns: readonly Column[];
  /** `undefined` where nothing can be selected. */
  isSelected: boolean | undefined;
  onSelect: (id: string, isRange: boolean) => void;
  /** It has just changed. */
  isFlashed: boolean;
  /** Who else has just decided. */
  decider: string | undefined;
}

/** One drift. It draws itself anew only when something of it has changed. */
export const DriftRow = memo(function DriftRow(props: Props) {
  const { row, search, columns, isSelected, onSelect, isFlashed, decider } = props;
  return (
    <tr
      className={css.row}
      data-id={row.id}
      data-selected={isSelected || undefined}
      data-flashed={isFlashed || undefined}
    >
      {isSelected === undefined ? null : (
        <td className={css.check}>
          <input
            type="checkbox"
            aria-label={text.select.row(row.resourceAddress)}
            checked={isSelected}
            onChange={({ nativeEvent }) => onSelect(row.id, nativeEvent instanceof MouseEvent && nativeEvent.shiftKey)}
          />
        </td>
      )}
      <td className={css.severity}>
        <SeverityBadge severity={row.severity} />
      </td>
      <th scope="row" className={css.resource}>
        <div className={css.told}>
          <Address row={row} search={search} />
          <span className={css.facts}>
            <KindCounts row={row} />
            {columns.includes('workspace') ? (
              <span className={css.where} title={row.workspace}>
                {row.workspace}
              </span>
            ) : null}
          </span>
        </div>
      </th>
      {columns.map((column) => (
        <Cell key={column} column={column} row={row} decider={decider} />
      ))}
    </tr>
  );
});

function Address({ row, search }: { row: Row; search: Search }) {
  const [head, tail] = cut(row.resourceAddress);
  return (
    <span className={css.address}>
      <Link to={`/drifts/${row.id}`} search={search} title={row.resourceAddress} data-row="" dir="auto">
        <span className={css.head}>{head}</span>
        {tail ? <span className={css.tail}>{tail}</span> : null}
      </Link>
    </span>
  );
}

/** `Modified +2 ~1 −0`. */
function KindCounts({ row }: { row: Row }) {
  const { added, changed, removed } = counts(row.difference);
  const part = (sign: string, number: number, look: string | undefined) => (
    <span className={number > 0 ? look : undefined}>
      {sign}
      {count(number)}
    </span>
  );
  return (
    <span className={css.kind}>
      {kinds[row.kind]}
      {added + changed + removed === 0 ? null : (
        <>
          <span className={css.counts} aria-hidden="true" title={text.change(added, changed, removed)}>
            {part('+', added, css.added)} {part('~', changed, css.changed)} {part('−', removed, css.removed)}
          </span>
          <span className="visually-hidden">, {text.change(added, changed, removed)}</span>
        </>
      )}
    </span>
  );
}

function Cell({ column, row, decider }: { column: Column; row: Row; decider: string | undefined }) {
  const label = text.columns[column];
  switch (column) {
    case 'workspace':
      return (
        <td className={`${css.workspace} ${css.cut}`} title={row.workspace}>
          {row.workspace}
        </td>
      );
    case 'status':
      return (
        <td className={css.status}>
          <StatusBadge status={row.status} />
          {decider ? (
            <span className={css.decider} title={decider}>
              {text.decidedBy(decider)}
            </span>
          ) : null}
        </td>
      );
    case 'assignee':
      return (
        <td data-label={label} className={`${css.assignee} ${css.cut}`} title={row.assignee ?? undefined} dir="auto">
          {row.assignee ?? <None title={text.unassigned} />}
        </td>
      );
    case 'costImpactMonthly':
      return (
        <td data-label={label} className={`${css.costImpactMonthly} ${css.number}`}>
          {row.costImpactMonthly === null ? (
            <None title={text.notPriced} />
          ) : (
            signed(row.costImpactMonthly, row.currency)
          )}
        </td>
      );
    case 'detectedAt':
      return (
        <td className={`${css[column]} ${css.time}`}>
          <Time at={row.detectedAt} />
        </td>
      );
    case 'lastSeenAt':
      return (
        <td data-label={label} className={`${css[column]} ${css.time}`}>
          <Time at={row.lastSeenAt} />
        </td>
      );
  }
}

/** More is `+$4.10`, less `−$4.10`. */
function signed(amount: number, currency: string): string {
  return `${amount > 0 ? '+' : amount < 0 ? '−' : ''}${money(Math.abs(amount), currency)}`;
}

function None({ title }: { title: string }) {
  return (
    <span className={css.none} title={title}>
      <span aria-hidden="true">{common.none}</span>
      <span className="visually-hidden">{title}</span>
    </span>
  );
}
