import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useParams } from 'wouter';
import { api, data, type Schemas } from '../api/client';
import { Problem } from '../api/problem';
import { useShortcuts } from '../keyboard/shortcuts';
import { SCAN_STATUSES } from '../scans/ScanStatus';
import { NotFound } from '../shell/Failures';
import { useMay, useWriteBlock } from '../shell/who';
import { pages, pushText, workspacesText as t } from '../text';
import { Button } from '../ui/Button';
import { Link } from '../ui/Link';
import { Page, Panel } from '../ui/Page';
import { Failure, Refetching, Skeleton } from '../ui/States';
import { useTarget } from '../ui/useTarget';
import { go } from '../url/go';
import { IgnoredFilters } from '../url/IgnoredFilters';
import { pageOf } from '../url/page';
import { ignored } from '../url/search';
import { useUrlSearch } from '../url/useSearch';
import { DeleteWorkspace } from './DeleteWorkspace';
import { FirstScan } from './push/FirstScan';
import { PushGuide } from './push/PushGuide';
import { WorkspaceDialog } from './WorkspaceDialog';
import { WorkspaceDrifts } from './WorkspaceDrifts';
import { WorkspaceFacts } from './WorkspaceFacts';
import css from './WorkspacePage.module.css';
import { WorkspaceScans } from './WorkspaceScans';

export function WorkspacePage() {
  const { id = '' } = useParams();
  const one = useQuery({
    queryKey: ['workspaces', 'one', id],
    queryFn: ({ signal }) => data(api.GET('/api/v1/workspaces/{id}', { params: { path: { id } }, signal })),
  });
  useShortcuts(pages.workspaces, [{ keys: 'u', label: t.back, run: () => go('/workspaces') }]);
  if (one.error instanceof Problem && [400, 404].includes(one.error.status)) return <NotFound />;
  if (one.data) return <Loaded workspace={one.data} busy={one.isFetching} />;
  return (
    <Page title={pages.workspaces} above={<Above />}>
      {one.isError ? (
        <Failure what={t.oneFailed} error={one.error} onRetry={() => void one.refetch()} />
      ) : (
        <Skeleton rows={8} />
      )}
    </Page>
  );
}

const Above = () => <Link to="/workspaces">{pages.workspaces}</Link>;

function Loaded({ workspace, busy }: { workspace: Schemas['Workspace']; busy: boolean }) {
  const { administer } = useMay();
  const writeBlock = useWriteBlock();
  const [search, change] = useUrlSearch();
  const [dialog, show] = useState<'edit' | 'delete' | null>(null);
  const target = useTarget('push');
  const close = () => show(null);
  // The first scan may come while the page is open: what says how to push then stays where it is.
  const [isNew] = useState(workspace.lastScan === null);
  const push = (
    <div id="push" ref={target} className={css.push}>
      <Panel title={isNew ? pushText.firstTitle : pushText.title}>
        <PushGuide workspace={workspace.name} />
      </Panel>
      {isNew ? <FirstScan workspace={workspace.name} /> : null}
    </div>
  );
  return (
    <Page
      title={workspace.name}
      above={<Above />}
      actions={
        administer ? (
          <>
            <Button disabled={writeBlock !== undefined} title={writeBlock} onClick={() => show('edit')}>
              {t.edit}
            </Button>
            <Button disabled={writeBlock !== undefined} title={writeBlock} onClick={() => show('delete')}>
              {t.delete}
            </Button>
          </>
        ) : null
      }
    >
      <IgnoredFilters
        found={ignored(search, {
          status: SCAN_STATUSES,
          page: search.page === String(pageOf(search.page)) ? null : [],
        })}
        change={change}
      />
      <div className={css.bar}>
        <Refetching active={busy} />
      </div>
      {isNew ? push : null}
      <div className={css.halves}>
        <WorkspaceFacts workspace={workspace} />
        <WorkspaceDrifts workspace={workspace} />
      </div>
      <WorkspaceScans workspace={workspace.name} search={search} change={change} />
      {isNew ? null : push}
      {dialog === 'edit' ? <WorkspaceDialog workspace={workspace} onClose={close} onSaved={close} /> : null}
      {dialog === 'delete' ? <DeleteWorkspace workspace={workspace} onClose={close} /> : null}
    </Page>
  );
}
