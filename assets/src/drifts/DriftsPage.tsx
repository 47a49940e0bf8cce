import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { density, pageSize } from '../preferences/preferences';
import { useMay } from '../shell/who';
import { pages, driftListText as text } from '../text';
import { Page } from '../ui/Page';
import { Pagination } from '../ui/Pagination';
import { Failure, Refetching, Skeleton } from '../ui/States';
import { TableFrame } from '../ui/TableFrame';
import { toast } from '../ui/Toasts';
import { useGradually } from '../ui/useGradually';
import { parseSearch, stringifySearch } from '../url/search';
import { useUrlSearch } from '../url/useSearch';
import { useCell } from '../useCell';
import { BulkBar } from './BulkBar';
import { useColumns } from './columns';
import type { Decider } from './Decisions';
import css from './DriftsPage.module.css';
import { DriftTable } from './DriftTable';
import { EmptyList } from './EmptyList';
import { FilterChips } from './FilterChips';
import { Filters } from './Filters';
import {
  CLEARED,
  type Filters as FilterValues,
  ignoredOf,
  linkSearch,
  listQuery,
  type SortBy,
  type SortOrder,
  searchOf,
  viewOf,
} from './filters';
import { ExportMenu, ViewMenu } from './ListMenus';
import { ListToolbar } from './ListToolbar';
import { extend, NONE, selectMatching, size, sizeOn, toggle, togglePage } from './selection';
import { useAnnouncement } from './useAnnouncement';
import { prepareDriftList, useDriftList } from './useDriftList';
import { useListKeys } from './useListKeys';
import { useLive } from './useLive';
import { useRowFocus } from './useRowFocus';

/** Who only reads needs none of it, and who decides has read something first. */
const Decisions = lazy(async () => ({ default: (await import('./Decisions')).Decisions }));

/** Fetches what the address asks for. */
export const prepare = (): Promise<unknown> =>
  prepareDriftList(listQuery(viewOf(parseSearch(location.search)), Number(pageSize.get())));

export function DriftsPage() {
  const [search, change] = useUrlSearch();
  const limit = Number(useCell(pageSize));
  const isCompact = useCell(density) === 'compact';
  const columns = useColumns();
  const may = useMay();
  const view = useMemo(() => viewOf(search), [search]);
  const query = useMemo(() => listQuery(view, limit), [view, limit]);
  const list = useDriftList(query);
  const rows = useMemo(() => list.data?.items ?? [], [list.data]);
  // While another page is on its way, the rows are still those of the view before.
  const [shown, setShown] = useState(view);
  if (!list.isPlaceholderData && shown !== view) setShown(view);
  const carried = useMemo(() => linkSearch(shown, limit), [shown, limit]);
  const drawn = useGradually(rows, stringifySearch(carried));
  const total = list.data?.pagination.total;
  const [selection, setSelection] = useState(NONE);
  const table = useRef<HTMLTableElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const box = useRef<HTMLInputElement>(null);
  const filterBar = useRef<HTMLElement>(null);
  const decider = useRef<Decider>(null);
  const focus = useRowFocus(table, rows);
  const live = useLive(query, rows, list.isFetching);
  const announcement = useAnnouncement(live.deciders, rows, selection, focus);

  // Where no row can move, what is new needs nobody's leave.
  const isEmpty = list.data !== undefined && rows.length === 0;
  const { refetch } = list;
  useEffect(() => {
    if (isEmpty && live.fresh.ids.size > 0) void refetch();
  }, [isEmpty, live.fresh, refetch]);

  const latest = useRef(rows);
  useEffect(() => {
    latest.current = rows;
  });
  const select = useCallback((id: string, isRange: boolean) => {
    setSelection((before) => (isRange ? extend : toggle)(before, id, latest.current));
  }, []);
  const selectPage = useCallback(() => setSelection((before) => togglePage(before, latest.current)), []);

  // A decision on rows that the filters no longer show would surprise: another filter begins another selection.
  const filterKey = JSON.stringify(view.filters);
  const [selectedBy, setSelectedBy] = useState(filterKey);
  if (selectedBy !== filterKey) {
    setSelectedBy(filterKey);
    setSelection(NONE);
  }

  const filter = useCallback(
    (filters: Partial<FilterValues>, how?: 'push' | 'replace') =>
      change({ ...searchOf(filters), page: undefined, limit: undefined }, how),
    [change],
  );
  const sort = useCallback(
    (sortBy: SortBy, sortOrder: SortOrder) =>
      change({
        sortBy: sortBy === 'severity' ? undefined : sortBy,
        sortOrder: sortOrder === 'desc' ? undefined : sortOrder,
        page: undefined,
        limit: undefined,
      }),
    [change],
  );
  const turnTo = (page: number) => {
    change({ page: page === 1 ? undefined : String(page), limit: undefined });
    panel.current?.scrollIntoView({ block: 'start' });
  };
  const unknown = ignoredOf(search);
  const clear = () => {
    change({ ...CLEARED, ...Object.fromEntries(Object.keys(unknown).map((name) => [name, undefined])) });
    document.querySelector('h1')?.focus();
  };
  const showFresh = async () => {
    const { ids } = live.fresh;
    const { data } = await list.refetch();
    const landed = data?.items.filter(({ id }) => ids.has(id)).map(({ id }) => id) ?? [];
    live.flash(landed);
    requestAnimationFrame(() => focus.to(landed[0]));
    if (data && landed.length === 0) {
      const action = { label: text.newestFirst, run: () => sort('detectedAt', 'desc') };
      toast(text.freshElsewhere, { action });
    }
  };

  useListKeys({
    focus,
    selection,
    search: carried,
    box,
    filters: filterBar,
    decider,
    onSelect: select,
    onSelectPage: selectPage,
  });

  const picked = sizeOn(selection, rows);
  const frame = { label: text.table, busy: list.isFetching, cards: true, fits: true, compact: isCompact };
  return (
    <Page
      title={pages.drifts}
      actions={
        <>
          <ViewMenu />
          <ExportMenu filters={view.filters} />
        </>
      }
    >
      <Filters ref={filterBar} search={box} filters={view.filters} rows={rows} onChange={filter} />
      <FilterChips
        filters={view.filters}
        unknown={unknown}
        onChange={filter}
        onForget={(name) => change({ [name]: undefined })}
        onClear={clear}
      />
      <p className="visually-hidden" role="status">
        {announcement}
      </p>
      <div className={css.panel} ref={panel}>
        <ListToolbar
          total={total}
          fresh={live.fresh}
          view={view}
          selected={may.decide ? { isAll: rows.length > 0 && picked === rows.length, isSome: picked > 0 } : undefined}
          onShow={() => void showFresh()}
          onSort={sort}
          onSelectPage={selectPage}
        />
        <Refetching active={list.isFetching && !list.isPending} />
        {list.isError ? (
          <Failure what={text.failed} error={list.error} onRetry={() => void list.refetch()} />
        ) : list.isPending ? (
          <Skeleton rows={limit} height={isCompact ? '2.6rem' : '3.6rem'} />
        ) : null}
        {list.data === undefined ? null : rows.length === 0 ? (
          <EmptyList
            view={view}
            total={list.data.pagination.total}
            pages={list.data.pagination.totalPages}
            onPage={turnTo}
            onClear={clear}
          />
        ) : (
          <TableFrame {...frame}>
            <DriftTable
              ref={table}
              rows={drawn}
              view={view}
              search={carried}
              columns={columns}
              selection={may.decide ? selection : undefined}
              isAllSelected={picked === rows.length}
              live={live}
              onSort={sort}
              onSelect={select}
              onSelectPage={selectPage}
            />
          </TableFrame>
        )}
        {total === undefined || rows.length === 0 || drawn.length < rows.length ? null : (
          <Pagination page={view.page} pageSize={limit} total={total} onPage={turnTo} />
        )}
      </div>
      {may.decide && size(selection) > 0 ? (
        <BulkBar
          selection={selection}
          rows={rows}
          total={total ?? 0}
          onSelectMatching={() => setSelection(selectMatching(selection, total ?? 0))}
          onClear={() => {
            setSelection(NONE);
            focus.to(focus.last()?.id);
          }}
          onDecide={(action) => decider.current?.selected(action)}
        />
      ) : null}
      {may.decide ? (
        <Suspense fallback={null}>
          <Decisions
            ref={decider}
            rows={rows}
            filters={view.filters}
            selection={selection}
            focus={focus}
            live={live}
            onSelection={setSelection}
            onOutdated={() => void list.refetch()}
          />
        </Suspense>
      ) : null}
    </Page>
  );
}
