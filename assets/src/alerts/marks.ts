import type { Schemas } from '../api/client';

type Alert = Schemas['Alert'];

/** What this page knows of alerts' being read beyond what it has fetched. */
export interface Marks {
  /** Marked here, with the server not yet told: it can be undone. */
  readonly pending: ReadonlyMap<string, Alert['severity']>;
  /** All up to this alert, likewise. Ids are in the order in which alerts are made. */
  readonly pendingUpTo: string | null;
  /** Read since they were fetched, here or by others. */
  readonly read: ReadonlySet<string>;
  readonly readUpTo: string | null;
}

export const NO_MARKS: Marks = { pending: new Map(), pendingUpTo: null, read: new Set(), readUpTo: null };

/** How an alert is to be shown. */
export function standing({ id, isRead }: Pick<Alert, 'id' | 'isRead'>, marks: Marks): 'unread' | 'pending' | 'read' {
  if (isRead || marks.read.has(id) || reaches(marks.readUpTo, id)) return 'read';
  return marks.pending.has(id) || reaches(marks.pendingUpTo, id) ? 'pending' : 'unread';
}

/** What the menu's number becomes: those marked here are no longer counted, though the server still does. */
export function countShown(count: number, marks: Marks, isCriticalOnly: boolean): number {
  if (marks.pendingUpTo !== null) return 0;
  const severities = [...marks.pending.values()];
  const marked = isCriticalOnly ? severities.filter((one) => one === 'critical').length : severities.length;
  return Math.max(0, count - marked);
}

/** One more is marked. */
export function withMark(marks: Marks, { id, severity }: Pick<Alert, 'id' | 'severity'>): Marks {
  return { ...marks, pending: new Map([...marks.pending, [id, severity]]) };
}

/** A mark is taken back. */
export function withoutMark(marks: Marks, id: string): Marks {
  return { ...marks, pending: new Map([...marks.pending].filter(([one]) => one !== id)) };
}

/** These are read, as the server has it. */
export function withRead(marks: Marks, ids: Iterable<string>, upTo: string | null = null): Marks {
  return { ...marks, read: new Set([...marks.read, ...ids]), readUpTo: upTo ?? marks.readUpTo };
}

function reaches(upTo: string | null, id: string): boolean {
  return upTo !== null && id <= upTo;
}
