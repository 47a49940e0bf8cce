import { useQuery } from '@tanstack/react-query';
import { useParams } from 'wouter';
import type { Schemas } from '../api/client';
import { Problem } from '../api/problem';
import { useShortcuts } from '../keyboard/shortcuts';
import { NotFound } from '../shell/Failures';
import { pages, scansText as t, workspacesText } from '../text';
import { Link } from '../ui/Link';
import { Page, Panel } from '../ui/Page';
import { Failure, Skeleton } from '../ui/States';
import { go } from '../url/go';
import { IgnoredFilters } from '../url/IgnoredFilters';
import { pageOf } from '../url/page';
import { ignored } from '../url/search';
import { useUrlSearch } from '../url/useSearch';
import { workspaceNamed } from '../workspaces/queries';
import { causeOf, oneScan } from './cause';
import { ScanCounts } from './ScanCounts';
import { PARTS, ScanDrifts } from './ScanDrifts';
import { ScanFacts } from './ScanFacts';
import css from './ScanPage.module.css';

export function ScanPage() {
  const { id = '' } = useParams();
  const one = useQuery(oneScan(id));
  const scan = one.data;
  const workspace = useQuery(workspaceNamed(scan?.workspace)).data;
  const up = workspace ? `/workspaces/${workspace.id}` : '/workspaces';
  useShortcuts(pages.workspaces, [{ keys: 'u', label: workspacesText.back, run: () => go(up) }]);
  if (one.error instanceof Problem && [400, 404].includes(one.error.status)) return <NotFound />;
  const above = (
    <>
      <Link to="/workspaces">{pages.workspaces}</Link>
      {' / '}
      {workspace ? <Link to={up}>{workspace.name}</Link> : (scan?.workspace ?? '')}
    </>
  );
  if (scan) {
    return (
      <Page key={scan.id} title={t.title(scan.workspace)} above={above}>
        <Parts scan={scan} />
      </Page>
    );
  }
  return (
    <Page title={pages.workspaces} above={above}>
      {one.isError ? (
        <Failure what={t.failed} error={one.error} onRetry={() => void one.refetch()} />
      ) : (
        <Skeleton rows={8} />
      )}
    </Page>
  );
}

function Parts({ scan }: { scan: Schemas['Scan'] }) {
  const [search, change] = useUrlSearch();
  const isFailed = scan.status === 'failed';
  const cause = causeOf(scan);
  // All that a person should know may stand in the cause already.
  const isSaid = scan.problems.every((problem) => isFailed && problem.trim() === cause);
  return (
    <>
      <IgnoredFilters
        found={ignored(search, { part: PARTS, page: search.page === String(pageOf(search.page)) ? null : [] })}
        change={change}
      />
      {isFailed ? (
        <div className={css.failed}>
          <h2>{t.failedTitle}</h2>
          <p>{cause || t.failedUnsaid}</p>
          <p>{t.meanings.failed}</p>
        </div>
      ) : null}
      <div className={css.halves}>
        <ScanFacts scan={scan} />
        <ScanCounts scan={scan} />
      </div>
      {isSaid ? null : (
        <Panel title={t.problems}>
          <ul className={css.problems}>
            {scan.problems.map((problem, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a problem may come twice, and none ever moves.
              <li key={at}>{problem}</li>
            ))}
          </ul>
        </Panel>
      )}
      <ScanDrifts scan={scan} search={search} change={change} />
    </>
  );
}
