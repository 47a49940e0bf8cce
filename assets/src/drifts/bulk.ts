import { api, data, type Schemas } from '../api/client';
import { Problem } from '../api/problem';
import type { Action, Decision } from './decision';
import { type Filters, filterQuery } from './filters';
import type { Row } from './rows';

/** What a decision on many drifts is about. */
export type Target =
  | { readonly ids: readonly string[] }
  /** All that match, as many as were seen. */
  | { readonly filters: Filters; readonly expectedTotal: number };

/** Puts one decision on record for many drifts. Throws where none could be decided; else each has its own result. */
export function decideMany(action: Action, decision: Decision, target: Target): Promise<Schemas['BulkOutcome']> {
  const which =
    'ids' in target
      ? { ids: target.ids }
      : { filter: filterQuery(target.filters), expectedTotal: target.expectedTotal };
  return data(api.POST('/api/v1/drifts/bulk', { body: { action, ...decision, ...which } }));
}

/** How many match now, where a decision was refused because they have become more or fewer. */
export function changedTotal(error: unknown): number | undefined {
  if (!(error instanceof Problem) || error.status !== 409) return undefined;
  const { details } = error;
  return typeof details === 'object' && details !== null && 'total' in details && typeof details.total === 'number'
    ? details.total
    : undefined;
}

/** What a row looks like after one's own decision, until it is fetched. */
export function decided(
  action: Action,
  { reason, assignee, resolvedHow }: Decision,
  by: string,
  at: string,
): Partial<Row> {
  switch (action) {
    case 'triage':
      return { status: 'triaged', ...(assignee ? { assignee } : {}) };
    case 'approve':
      return { status: 'approved', approvedAt: at, approvedBy: by, approvalReason: reason ?? null };
    case 'reject':
      return { status: 'rejected', rejectedAt: at, rejectedBy: by, rejectionReason: reason ?? null };
    case 'resolve':
      return { status: 'resolved', resolvedAt: at, resolvedHow: resolvedHow ?? null };
  }
}

const POSSIBLE: Readonly<Record<Row['status'], readonly Action[]>> = {
  detected: ['triage', 'approve', 'reject', 'resolve'],
  triaged: ['approve', 'reject', 'resolve'],
  approved: ['resolve'],
  rejected: ['resolve'],
  resolved: [],
};

/** Whether a drift of this status can still be decided so. */
export const isPossible = (action: Action, status: Row['status']): boolean => POSSIBLE[status].includes(action);
