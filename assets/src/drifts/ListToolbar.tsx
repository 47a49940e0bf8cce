import { common, driftListText as text } from '../text';
import { Button } from '../ui/Button';
import css from './DriftsPage.module.css';
import { PageBox } from './DriftTable';
import type { SortBy, SortOrder, View } from './filters';
import type { Fresh } from './useLive';

interface Props {
  /** How many match; `undefined` before that is known. */
  total: number | undefined;
  fresh: Fresh;
  view: View;
  /** Whether the page is selected; `undefined` where nothing can be. */
  selected: { isAll: boolean; isSome: boolean } | undefined;
  onShow: () => void;
  onSort: (sortBy: SortBy, sortOrder: SortOrder) => void;
  onSelectPage: () => void;
}

const SORTS = ['severity', 'detectedAt', 'lastSeenAt', 'costImpactMonthly', 'createdAt'] as const;

/** What stands above the rows, at the same height whatever it says: new rows move none. */
export function ListToolbar({ total, fresh, view, selected, onShow, onSort, onSelectPage }: Props) {
  return (
    <div className={css.toolbar}>
      {selected ? (
        <span className={css.cardsOnly}>
          <PageBox {...selected} onChange={onSelectPage} />
        </span>
      ) : null}
      <p className={css.total} role="status">
        {total === undefined ? null : text.matching(total)}
      </p>
      <div className={css.fresh} role="status">
        {fresh.ids.size > 0 ? (
          <Button size="small" onClick={onShow}>
            {text.fresh(fresh.ids.size, fresh.isMore)} {common.show}
          </Button>
        ) : null}
      </div>
      <label className={css.cardsOnly}>
        <span className="visually-hidden">{text.sortBy}</span>
        <select
          value={`${view.sortBy} ${view.sortOrder}`}
          onChange={({ target }) => {
            const sortBy = SORTS.find((sort) => target.value.startsWith(`${sort} `));
            if (sortBy) onSort(sortBy, target.value.endsWith(' asc') ? 'asc' : 'desc');
          }}
        >
          {SORTS.flatMap((sort) => [
            <option key={sort} value={`${sort} desc`}>
              {text.columns[sort]} ↓
            </option>,
            <option key={`${sort} asc`} value={`${sort} asc`}>
              {text.columns[sort]} ↑
            </option>,
          ])}
        </select>
      </label>
    </div>
  );
}
