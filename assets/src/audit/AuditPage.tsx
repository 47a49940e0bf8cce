import { useQuery } from '@tanstack/react-query';
import { useMemo, useRef, useState } from 'react';
import { api, data, download } from '../api/client';
import { stepRows } from '../keyboard/rows';
import { useShortcuts } from '../keyboard/shortcuts';
import { pageSize } from '../preferences/preferences';
import { Forbidden } from '../shell/Failures';
import { useMay } from '../shell/who';
import { auditText, pages } from '../text';
import { Button } from '../ui/Button';
import { focusHeading } from '../ui/focus';
import { Loaded } from '../ui/Loaded';
import { NewRows } from '../ui/NewRows';
import { Page, Panel } from '../ui/Page';
import { Empty, Refetching } from '../ui/States';
import { toast } from '../ui/Toasts';
import { stringifySearch } from '../url/search';
import { useUrlSearch } from '../url/useSearch';
import { useCell } from '../useCell';
import css from './Audit.module.css';
import { AuditFilters, CLEARED } from './AuditFilters';
import { AuditTable } from './AuditTable';
import { filtersOf } from './filters';
import { Places } from './Places';
import { useAudit } from './useAudit';
import { Verdict } from './Verify';

export function AuditPage() {
  return useMay().administer ? <Log /> : <Forbidden />;
}

function Log() {
  const [search, change] = useUrlSearch();
  const filters = useMemo(() => filtersOf(search), [search]);
  const rows = Number(useCell(pageSize));
  const { entries, arrived, renew } = useAudit(filters, search.cursor, rows);
  const [isExporting, setExporting] = useState(false);
  const list = useRef<HTMLDivElement>(null);
  const verdict = useQuery({
    queryKey: ['verdict'],
    queryFn: ({ signal }) => data(api.GET('/api/v1/audit-logs/verify', { signal })),
    enabled: false,
    gcTime: 0,
    retry: false,
  });
  const save = () => {
    setExporting(true);
    download(`/api/v1/audit-logs${stringifySearch({ ...filters, format: 'ndjson' })}`, 'audit-log.ndjson')
      .catch((error: Error) => toast(`${auditText.exportFailed}: ${error.message}`, { tone: 'failed' }))
      .finally(() => setExporting(false));
  };
  useShortcuts(pages.audit, [
    { keys: 'j', label: auditText.rowNext, run: () => stepRows(list.current, 1) },
    { keys: 'k', label: auditText.rowPrevious, run: () => stepRows(list.current, -1) },
    { keys: 'o', label: auditText.rowOpen, run: () => toggle(list.current) },
  ]);
  const total = entries.data?.pagination.total;
  return (
    <Page
      title={pages.audit}
      actions={
        <>
          <Button busy={verdict.isFetching} onClick={() => void verdict.refetch()}>
            {auditText.verify}
          </Button>
          <Button busy={isExporting} title={auditText.exportHint} onClick={save}>
            {auditText.export}
          </Button>
        </>
      }
    >
      <div className={css.top}>
        <Verdict query={verdict} />
        <AuditFilters
          filters={filters}
          search={search}
          change={change}
          actorName={entries.data?.items.find(({ actorId }) => actorId === filters.actorId)?.actorEmail}
        />
      </div>
      <div ref={list}>
        <Panel title={total === undefined ? auditText.table : auditText.total(total)} aside={auditText.intro} flush>
          <Refetching active={entries.isFetching && entries.isPlaceholderData} />
          <Loaded query={entries} failed={auditText.failed} rows={rows} height="1.5rem">
            {({ items, pagination }) =>
              items.length === 0 ? (
                <Empty
                  title={auditText.none}
                  action={
                    <Button
                      onClick={() => {
                        focusHeading();
                        change(CLEARED);
                      }}
                    >
                      {auditText.clear}
                    </Button>
                  }
                >
                  {auditText.noneWhy}
                </Empty>
              ) : (
                <>
                  <AuditTable entries={items} busy={entries.isFetching} />
                  <Places
                    cursor={search.cursor}
                    next={entries.isPlaceholderData ? null : pagination.nextCursor}
                    change={change}
                  />
                </>
              )
            }
          </Loaded>
          {entries.isError && search.cursor !== undefined ? (
            <Places cursor={search.cursor} next={null} change={change} />
          ) : null}
        </Panel>
      </div>
      <NewRows
        what={arrived > 0 && search.cursor === undefined ? auditText.arrived(arrived) : null}
        onShow={() => {
          renew();
          scrollTo(0, 0);
          focusHeading();
        }}
      />
    </Page>
  );
}

function toggle(within: Element | null) {
  const found = document.activeElement?.closest('[data-row]')?.querySelector('[data-row-focus]');
  if (found instanceof HTMLElement && within?.contains(found)) found.click();
}
