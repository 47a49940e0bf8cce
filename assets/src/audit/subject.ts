import type { Schemas } from '../api/client';

/** What an entry is about, in words, and where that can be seen. */
export interface Subject {
  name: string;
  to?: string;
}

type Entry = Pick<Schemas['AuditEntry'], 'action' | 'driftId' | 'oldValue' | 'newValue' | 'details'>;

/** The first of these that an entry has names its object. */
const NAMES = ['resourceAddress', 'email', 'name', 'workspace', 'reason'];

export function subjectOf(entry: Entry): Subject | null {
  const { action, driftId, newValue, oldValue, details } = entry;
  const parts = [details, newValue, oldValue];
  const name = NAMES.flatMap((key) => parts.map((part) => text(part, key))).find((one) => one !== undefined);
  if (driftId) return { name: name ?? driftId, to: `/drifts/${driftId}` };
  if (name === undefined) return null;
  const id = text(newValue, 'id');
  if (action === 'scan_received' && id) return { name, to: `/scans/${id}` };
  if ((action === 'workspace_created' || action === 'workspace_updated') && id)
    return { name, to: `/workspaces/${id}` };
  return { name };
}

function text(part: unknown, key: string): string | undefined {
  if (typeof part !== 'object' || part === null) return undefined;
  const found = Object.entries(part).find(([name]) => name === key)?.[1];
  return typeof found === 'string' ? found : undefined;
}
