import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api, data, type Schemas } from '../../api/client';
import { plural } from '../../format/numbers';
import { pushText as t } from '../../text';
import { Link } from '../../ui/Link';
import { Failure } from '../../ui/States';
import css from './FirstScan.module.css';

/** Waits for the first scan, of one workspace or of any, and tells of it when it comes: the live stream has it fetched. */
export function FirstScan({ workspace, action }: { workspace?: string; action?: ReactNode }) {
  const newest = useQuery({
    queryKey: ['scans', 'newest', workspace ?? null],
    queryFn: ({ signal }) =>
      data(
        api.GET('/api/v1/scans', {
          params: { query: { limit: 1, ...(workspace === undefined ? {} : { workspace }) } },
          signal,
        }),
      ),
  });
  const scan = newest.data?.items[0];
  if (newest.isError) {
    return <Failure what={t.waitingFailed} error={newest.error} onRetry={() => void newest.refetch()} />;
  }
  return (
    <div role="status" className={css.status} data-state={scan?.status ?? 'waiting'}>
      {scan === undefined ? (
        <p>
          <span className={css.turning} aria-hidden="true" /> {t.waiting}
        </p>
      ) : (
        <Arrived scan={scan} action={action} />
      )}
    </div>
  );
}

function Arrived({ scan, action }: { scan: Schemas['Scan']; action: ReactNode }) {
  const { drifted, resources } = scan.counts;
  return (
    <>
      <p>
        <strong>{t.arrived(scan.workspace)}.</strong>{' '}
        {scan.status === 'failed'
          ? `${t.arrivedFailed} ${scan.problems[0]?.split('\n')[0] ?? ''}`
          : `${t.arrivedDrifts(plural(drifted, 'drift'), plural(resources, 'resource'))}.`}
      </p>
      <p className={css.ways}>
        <Link to={`/scans/${scan.id}`}>{t.openScan}</Link>
        {action}
      </p>
    </>
  );
}
