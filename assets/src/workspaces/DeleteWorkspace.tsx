import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, data, type Schemas } from '../api/client';
import { Problem } from '../api/problem';
import { useWriteBlock } from '../shell/who';
import { common, workspacesText as t } from '../text';
import { Button } from '../ui/Button';
import { Dialog, DialogActions } from '../ui/Dialog';
import { Failure } from '../ui/States';
import { toast } from '../ui/Toasts';
import { go } from '../url/go';

/** Deletes a workspace; where drifts are unresolved, it says how many and asks once more. */
export function DeleteWorkspace({ workspace, onClose }: { workspace: Schemas['Workspace']; onClose: () => void }) {
  const queries = useQueryClient();
  const writeBlock = useWriteBlock();
  const deleting = useMutation({
    mutationFn: (resolves: boolean) =>
      data(
        api.DELETE('/api/v1/workspaces/{id}', {
          params: { path: { id: workspace.id }, query: resolves ? { resolve: 'acknowledged' } : {} },
        }),
      ),
    onSuccess: () => {
      toast(t.deleted(workspace.name));
      go('/workspaces', 'replace');
      // What is left of it on the screen must not be asked for again: it is gone.
      queries.removeQueries({ queryKey: ['workspaces', 'one', workspace.id] });
      for (const feature of ['workspaces', 'metrics', 'drifts', 'alerts', 'audit']) {
        void queries.invalidateQueries({ queryKey: [feature] });
      }
    },
  });
  const unresolved = unresolvedOf(deleting.error);
  return (
    <Dialog title={t.deleteTitle(workspace.name)} onClose={onClose}>
      <p>{t.deleteMeaning}</p>
      {unresolved === null ? null : (
        <p role="alert">
          <strong>{t.unresolved(unresolved)}</strong>
        </p>
      )}
      {deleting.isError && unresolved === null ? <Failure what={t.deleteFailed} error={deleting.error} /> : null}
      <DialogActions>
        <Button onClick={onClose}>{common.cancel}</Button>
        <Button
          look="danger"
          busy={deleting.isPending}
          disabled={writeBlock !== undefined}
          title={writeBlock}
          onClick={() => deleting.mutate(unresolved !== null)}
        >
          {unresolved === null ? t.deleteSubmit : t.deleteResolving(unresolved)}
        </Button>
      </DialogActions>
    </Dialog>
  );
}

/** How many unresolved drifts keep the workspace, where it is that. */
function unresolvedOf(error: unknown): number | null {
  if (!(error instanceof Problem) || error.status !== 409) return null;
  const { details } = error;
  if (typeof details !== 'object' || details === null || !('unresolved' in details)) return null;
  return typeof details.unresolved === 'number' ? details.unresolved : null;
}
