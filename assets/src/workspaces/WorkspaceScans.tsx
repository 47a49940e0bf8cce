import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api, data } from '../api/client';
import { pageSize } from '../preferences/preferences';
import { SCAN_STATUSES } from '../scans/ScanStatus';
import { ScanTable } from '../scans/ScanTable';
import { common, scanStatuses, workspacesText as t } from '../text';
import { Button } from '../ui/Button';
import { Field } from '../ui/Field';
import { Loaded } from '../ui/Loaded';
import { Panel } from '../ui/Page';
import { Pagination } from '../ui/Pagination';
import { Empty } from '../ui/States';
import { pageOf } from '../url/page';
import type { Search } from '../url/search';
import type { ChangeSearch } from '../url/useSearch';
import { useCell } from '../useCell';
import css from './WorkspaceScans.module.css';

interface Props {
  workspace: string;
  search: Search;
  change: ChangeSearch;
}

/** All scans of a workspace, the newest first. */
export function WorkspaceScans({ workspace, search, change }: Props) {
  const size = Number(useCell(pageSize));
  const page = pageOf(search.page);
  const status = SCAN_STATUSES.find((one) => one === search.status);
  const scans = useQuery({
    queryKey: ['scans', 'page', { workspace, status, page, size }],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => {
      const query = { workspace, page, limit: size, ...(status === undefined ? {} : { status }) };
      return data(api.GET('/api/v1/scans', { params: { query }, signal }));
    },
  });
  return (
    <Panel
      title={t.scans}
      flush
      aside={
        <div className={css.status}>
          <Field label={t.scanStatus}>
            <select value={status ?? ''} onChange={(event) => change({ status: event.target.value, page: undefined })}>
              <option value="">{t.anyStatus}</option>
              {SCAN_STATUSES.map((one) => (
                <option key={one} value={one}>
                  {scanStatuses[one]}
                </option>
              ))}
            </select>
          </Field>
        </div>
      }
    >
      <Loaded query={scans} failed={t.scansFailed} rows={12}>
        {({ items, pagination: { total } }) => (
          <>
            {items.length > 0 ? (
              <ScanTable scans={items} busy={scans.isFetching} />
            ) : total > 0 ? (
              <Empty
                title={t.pastEnd}
                action={<Button onClick={() => change({ page: undefined })}>{t.firstPage}</Button>}
              />
            ) : status !== undefined ? (
              <Empty
                title={t.noScansMatch}
                action={<Button onClick={() => change({ status: undefined, page: undefined })}>{common.clear}</Button>}
              />
            ) : (
              <Empty title={t.noScans}>{t.noScansHow}</Empty>
            )}
            {total > 25 ? (
              <Pagination
                page={page}
                pageSize={size}
                total={total}
                onPage={(to) => change({ page: to === 1 ? undefined : String(to) })}
              />
            ) : null}
          </>
        )}
      </Loaded>
    </Panel>
  );
}
