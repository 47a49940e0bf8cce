import type { Schemas } from '../api/client';

type Workspace = Schemas['Workspace'];

/**
 * How a workspace stands. What was not looked at is never clean: a failed scan, one that is overdue or one that saw a
 * part only says nothing of the rest.
 */
export type Health = 'never' | 'failed' | 'silent' | 'drifted' | 'partial' | 'clean';

/** The one word for a workspace, the gravest doubt first. */
export function healthOf(workspace: Workspace): Health {
  if (workspace.lastScan === null) return workspace.silent ? 'silent' : 'never';
  if (workspace.lastScan.status === 'failed') return 'failed';
  if (workspace.silent) return 'silent';
  if (workspace.openDrifts.total > 0) return 'drifted';
  return workspace.lastScan.status === 'partial' ? 'partial' : 'clean';
}

/**
 * What one can filter by. A silent workspace can have open drifts, too: these count like the server's figures do, each
 * for itself.
 */
export const filters = {
  drifted: (workspace: Workspace) => workspace.openDrifts.total > 0,
  silent: (workspace: Workspace) => workspace.silent,
  failed: (workspace: Workspace) => workspace.lastScan?.status === 'failed',
  never: (workspace: Workspace) => workspace.lastScan === null,
  clean: (workspace: Workspace) => healthOf(workspace) === 'clean',
} as const satisfies Record<string, (workspace: Workspace) => boolean>;

export type HealthFilter = keyof typeof filters;

export const HEALTH_FILTERS = ['drifted', 'silent', 'failed', 'never', 'clean'] as const satisfies HealthFilter[];

export const isHealthFilter = (text: string | undefined): text is HealthFilter =>
  text !== undefined && Object.hasOwn(filters, text);

/** Those that can't be called checked, the longest unseen first. */
export function unchecked(workspaces: readonly Workspace[]): Workspace[] {
  const since = (workspace: Workspace) => workspace.lastScan?.at ?? workspace.createdAt;
  return workspaces
    .filter((workspace) => ['failed', 'silent'].includes(healthOf(workspace)))
    .toSorted((a, b) => since(a).localeCompare(since(b)));
}
