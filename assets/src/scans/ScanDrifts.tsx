import { keepPreviousData, useQueries, useQuery } from '@tanstack/react-query';
import { api, data, type Schemas } from '../api/client';
import { count } from '../format/numbers';
import { pageSize } from '../preferences/preferences';
import { kinds, scansText as t, workspacesText } from '../text';
import { SeverityBadge, StatusBadge } from '../ui/Badge';
import { Button } from '../ui/Button';
import { Choice } from '../ui/Choice';
import { Link } from '../ui/Link';
import { Loaded } from '../ui/Loaded';
import { Panel } from '../ui/Page';
import { Pagination } from '../ui/Pagination';
import { Empty, Refetching } from '../ui/States';
import { TableFrame } from '../ui/TableFrame';
import { pageOf } from '../url/page';
import type { Search } from '../url/search';
import type { ChangeSearch } from '../url/useSearch';
import { useCell } from '../useCell';
import css from './ScanDrifts.module.css';

export const PARTS = ['found', 'changed', 'resolved'] as const satisfies Schemas['ScanDrift']['part'][];
type Part = (typeof PARTS)[number];
const ALL_PARTS = ['all', ...PARTS] as const;
type AnyPart = (typeof ALL_PARTS)[number];

interface Props {
  scan: Schemas['Scan'];
  search: Search;
  change: ChangeSearch;
}

/** The drifts that a scan found, changed or resolved, and how each stands now. */
export function ScanDrifts({ scan, search, change }: Props) {
  const size = Number(useCell(pageSize));
  const page = pageOf(search.page);
  const part = PARTS.find((one) => one === search.part);
  const drifts = useQuery({ ...scanDrifts(scan.id, part, page, size), placeholderData: keepPreviousData });
  return (
    <Panel title={t.drifts} flush>
      <PartChoice
        scan={scan.id}
        chosen={part ?? 'all'}
        onChoose={(to) => change({ part: to === 'all' ? undefined : to, page: undefined })}
      />
      <Refetching active={drifts.isFetching && drifts.data !== undefined} />
      <Loaded query={drifts} failed={t.driftsFailed} rows={6}>
        {({ items, pagination: { total } }) => (
          <>
            {items.length > 0 ? (
              <Table drifts={items} busy={drifts.isFetching} />
            ) : total > 0 ? (
              <Empty
                title={workspacesText.pastEnd}
                action={<Button onClick={() => change({ page: undefined })}>{workspacesText.firstPage}</Button>}
              />
            ) : part === undefined ? (
              <Empty title={t.nothing}>{scan.status === 'failed' ? null : t.nothingHow(scan.counts.unchanged)}</Empty>
            ) : (
              <Empty title={t.nothingOfPart[part]} />
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

const scanDrifts = (id: string, part: Part | undefined, page: number, limit: number) => ({
  queryKey: ['scans', 'drifts', id, { part, page, limit }],
  queryFn: ({ signal }: { signal: AbortSignal }) => {
    const query = { page, limit, ...(part === undefined ? {} : { part }) };
    return data(api.GET('/api/v1/scans/{id}/drifts', { params: { path: { id }, query }, signal }));
  },
});

/** How many there are of each part, and the way to those alone. */
function PartChoice({ scan, chosen, onChoose }: { scan: string; chosen: AnyPart; onChoose: (part: AnyPart) => void }) {
  const told = (total: number | undefined) => (total === undefined ? '' : count(total));
  const totals = useQueries({
    queries: ALL_PARTS.map((part) => ({
      ...scanDrifts(scan, part === 'all' ? undefined : part, 1, 1),
      select: (answer: Schemas['ScanDriftPage']) => answer.pagination.total,
    })),
  });
  return (
    <div className={css.parts}>
      <Choice
        label={t.part}
        options={ALL_PARTS.map((part, at) => ({
          value: part,
          label: (
            <>
              {part === 'all' ? t.allParts : t.parts[part]} <strong>{told(totals[at]?.data)}</strong>
            </>
          ),
        }))}
        chosen={chosen}
        onChoose={onChoose}
      />
    </div>
  );
}

function Table({ drifts, busy }: { drifts: readonly Schemas['ScanDrift'][]; busy: boolean }) {
  return (
    <TableFrame label={t.drifts} busy={busy} cards>
      <table className={css.table}>
        <thead>
          <tr>
            <th scope="col">{t.severity}</th>
            <th scope="col">{t.address}</th>
            <th scope="col">{t.inThisScan}</th>
            <th scope="col">{t.kind}</th>
            <th scope="col">{t.now}</th>
          </tr>
        </thead>
        <tbody>
          {drifts.map((drift) => (
            <tr key={`${drift.driftId} ${drift.part}`}>
              <td>
                <SeverityBadge severity={drift.severity} />
              </td>
              <th scope="row" className={css.address}>
                <Link to={`/drifts/${drift.driftId}`} dir="ltr">
                  {drift.resourceAddress || drift.resourceType}
                </Link>
              </th>
              <td data-label={t.inThisScan}>{t.parts[drift.part]}</td>
              <td data-label={t.kind}>{kinds[drift.kind]}</td>
              <td data-label={t.now}>
                <StatusBadge status={drift.status} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableFrame>
  );
}
