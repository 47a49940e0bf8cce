import { useQuery } from '@tanstack/react-query';
import { api, data, type Schemas } from '../api/client';
import { DriftLines } from '../drifts/DriftLines';
import { workspacesText as t } from '../text';
import { Link } from '../ui/Link';
import { Loaded } from '../ui/Loaded';
import { Panel } from '../ui/Page';
import { Empty } from '../ui/States';
import { healthOf } from './health';

/** So many are shown here; the list has them all. */
const SHOWN = 8;

/** The gravest open drifts of a workspace. */
export function WorkspaceDrifts({ workspace }: { workspace: Schemas['Workspace'] }) {
  const { name } = workspace;
  const search = { workspace: name, kind: 'all' };
  const drifts = useQuery({
    queryKey: ['workspaces', 'drifts', name],
    queryFn: ({ signal }) =>
      data(
        api.GET('/api/v1/drifts', {
          params: { query: { ...search, status: 'open', sortBy: 'severity', limit: SHOWN } },
          signal,
        }),
      ),
  });
  const total = drifts.data?.pagination.total ?? 0;
  const health = healthOf(workspace);
  return (
    <Panel
      title={t.open}
      aside={
        total > 0 ? (
          <Link to="/drifts" search={search}>
            {t.allOpen(total)}
          </Link>
        ) : null
      }
    >
      <Loaded
        query={drifts}
        failed={t.driftsFailed}
        rows={Math.min(SHOWN, workspace.openDrifts.total) || 1}
        height="3.25rem"
      >
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={health === 'clean' ? t.noOpen.known : t.noOpen.unknown}>{t.noOpenHow[health]}</Empty>
          ) : (
            <DriftLines drifts={items} search={search} hideWorkspace longest={80} />
          )
        }
      </Loaded>
    </Panel>
  );
}
