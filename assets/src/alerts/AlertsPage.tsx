import { useMemo, useRef, useState } from 'react';
import { rowInFocus, stepRows } from '../keyboard/rows';
import { useShortcuts } from '../keyboard/shortcuts';
import { pageSize } from '../preferences/preferences';
import { useMe, useWriteBlock } from '../shell/who';
import { alertsText, pages } from '../text';
import { Button } from '../ui/Button';
import { focusHeading } from '../ui/focus';
import { Link } from '../ui/Link';
import { NewRows } from '../ui/NewRows';
import { Page } from '../ui/Page';
import { pageOf } from '../url/page';
import { useUrlSearch } from '../url/useSearch';
import { useCell } from '../useCell';
import { AlertFilters, CLEARED } from './AlertFilters';
import css from './Alerts.module.css';
import { filtersOf, isFiltered } from './filters';
import { MarkAll } from './MarkAll';
import { standing } from './marks';
import { NoAlerts } from './NoAlerts';
import { markRead, marks, unmark } from './reading';
import { ReadAlerts, UnreadAlerts } from './Sections';
import { useAlerts } from './useAlerts';

export function AlertsPage() {
  const [search, change] = useUrlSearch();
  const filters = useMemo(() => filtersOf(search), [search]);
  const rows = Number(useCell(pageSize));
  const page = pageOf(search.page);
  const { unread, read, totals, arrived, renew } = useAlerts(filters, page, rows);
  const marked = useCell(marks);
  const block = useWriteBlock();
  const isCriticalOnly = useMe().data?.settings.criticalAlertsOnly ?? false;
  const [isAsking, ask] = useState(false);
  const list = useRef<HTMLDivElement>(null);

  const shown = unread?.data?.pages.flatMap(({ items }) => items) ?? [];
  const done = shown.filter((alert) => standing(alert, marked) !== 'unread').length;
  const left = totals === undefined ? undefined : Math.max(0, totals.unread - done);
  const mark = () => {
    const id = rowInFocus(list.current);
    const alert = shown.find((one) => one.id === id);
    if (alert === undefined || block !== undefined) return;
    const now = standing(alert, marked);
    if (now === 'pending') unmark(alert.id);
    if (now !== 'unread') return;
    markRead(alert);
    stepRows(list.current, 1);
  };
  useShortcuts(pages.alerts, [
    { keys: 'j', label: alertsText.rowNext, run: () => stepRows(list.current, 1) },
    { keys: 'k', label: alertsText.rowPrevious, run: () => stepRows(list.current, -1) },
    { keys: 'o', label: alertsText.rowOpen, run: () => openRow(list.current) },
    { keys: 'm', label: alertsText.rowMark, run: mark },
  ]);
  const isNone = totals?.all === 0;
  // With a reason, a button that is off keeps the focus that comes back from its dialog.
  const why = block ?? (left === 0 && !isFiltered(filters) ? alertsText.noUnread : undefined);
  return (
    <Page
      title={pages.alerts}
      actions={
        <Button disabled={why !== undefined} title={why} onClick={() => ask(true)}>
          {alertsText.markAll}
        </Button>
      }
    >
      {isCriticalOnly ? (
        <p className={css.notice}>
          {alertsText.criticalOnly} <Link to="/settings">{alertsText.toSettings}</Link>
        </p>
      ) : null}
      <AlertFilters filters={filters} search={search} change={change} />
      {isNone ? (
        <NoAlerts
          isFiltered={isFiltered(filters)}
          onClear={() => {
            focusHeading();
            change(CLEARED);
          }}
        />
      ) : (
        <div ref={list} className={css.sections}>
          {unread ? <UnreadAlerts query={unread} left={left} /> : null}
          {read ? <ReadAlerts query={read} page={page} rows={rows} change={change} /> : null}
        </div>
      )}
      <NewRows
        what={arrived > 0 ? alertsText.arrived(arrived) : null}
        onShow={() => {
          renew();
          scrollTo(0, 0);
          focusHeading();
        }}
      />
      {isAsking ? <MarkAll inSight={left ?? 0} onClose={() => ask(false)} /> : null}
    </Page>
  );
}

function openRow(within: Element | null) {
  const id = rowInFocus(within);
  const link = within?.querySelector(`[data-id="${id}"] a`);
  if (link instanceof HTMLElement) link.click();
}
