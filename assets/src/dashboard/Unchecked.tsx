import { useQuery } from '@tanstack/react-query';
import type { Schemas } from '../api/client';
import { useCause } from '../scans/cause';
import { dashboardText as t } from '../text';
import { Link } from '../ui/Link';
import { Loaded } from '../ui/Loaded';
import { Panel } from '../ui/Page';
import { Empty } from '../ui/States';
import { Time } from '../ui/Time';
import { HealthBadge } from '../workspaces/HealthBadge';
import { filters, healthOf, unchecked } from '../workspaces/health';
import { allWorkspaces } from '../workspaces/queries';
import css from './Unchecked.module.css';

const SHOWN = 5;

/** Workspaces that were not scanned in time, and those whose last scan failed: nobody knows how they stand. */
export function Unchecked() {
  const all = useQuery(allWorkspaces());
  const silent = all.data?.items.filter(filters.silent).length ?? 0;
  const failed = all.data?.items.filter(filters.failed).length ?? 0;
  return (
    <Panel
      title={t.unchecked}
      aside={
        <span className={css.links}>
          {silent > 0 ? (
            <Link to="/workspaces" search={{ health: 'silent' }}>
              {t.allSilent(silent)}
            </Link>
          ) : null}
          {failed > 0 ? (
            <Link to="/workspaces" search={{ health: 'failed' }}>
              {t.allFailed(failed)}
            </Link>
          ) : null}
        </span>
      }
    >
      <Loaded query={all} failed={t.uncheckedFailed} rows={2}>
        {({ items }) => {
          const found = unchecked(items).slice(0, SHOWN);
          return found.length === 0 ? (
            <Empty title={t.uncheckedNone} />
          ) : (
            <ul className={css.lines}>
              {found.map((workspace) => (
                <Line key={workspace.id} workspace={workspace} />
              ))}
            </ul>
          );
        }}
      </Loaded>
    </Panel>
  );
}

function Line({ workspace }: { workspace: Schemas['Workspace'] }) {
  const { lastScan } = workspace;
  const isFailed = healthOf(workspace) === 'failed';
  return (
    <li>
      <span className={css.name}>
        <Link to={`/workspaces/${workspace.id}`}>{workspace.name}</Link>
        {isFailed && lastScan ? <Cause scan={lastScan.id} /> : null}
      </span>
      <span className={css.health}>
        <HealthBadge workspace={workspace} />
        {isFailed && lastScan ? <Time at={lastScan.at} /> : null}
      </span>
    </li>
  );
}

function Cause({ scan }: { scan: string }) {
  const cause = useCause(scan);
  return cause === undefined ? null : <span className={css.cause}>{cause || t.causeUnsaid}</span>;
}
