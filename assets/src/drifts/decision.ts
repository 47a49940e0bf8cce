import { api, data, type Schemas } from '../api/client';
import { decisionText } from '../text';

/** What can be decided about a drift. */
export type Action = 'triage' | 'approve' | 'reject' | 'resolve';

/** What somebody said with a decision: `reason` to approve and to reject, the rest to triage and to resolve. */
export interface Decision {
  reason?: string;
  note?: string;
  assignee?: string;
  resolvedHow?: Schemas['Resolve']['resolvedHow'];
}

/**
 * Puts a decision on record. With the drift's ETag, only where nobody has changed it since.
 *
 * Throws `Problem`: 409 where its status no longer allows it, 412 where it has another version.
 */
export function decide(
  id: string,
  action: Action,
  decision: Decision,
  etag?: string | null,
): Promise<Schemas['Drift']> {
  const { reason = '', note = null, assignee = null, resolvedHow } = decision;
  const params = { path: { id }, ...(etag ? { header: { 'If-Match': etag } } : {}) };
  switch (action) {
    case 'approve':
      return data(api.POST('/api/v1/drifts/{id}/approve', { params, body: { reason } }));
    case 'reject':
      return data(api.POST('/api/v1/drifts/{id}/reject', { params, body: { reason } }));
    case 'triage':
      return data(api.POST('/api/v1/drifts/{id}/triage', { params, body: { note, assignee } }));
    case 'resolve':
      if (resolvedHow === undefined) return Promise.reject(new Error(decisionText.resolvedHowMissing));
      return data(api.POST('/api/v1/drifts/{id}/resolve', { params, body: { resolvedHow, note } }));
  }
}

/** How long a text is to the server: characters, not UTF-16 units, and without the blanks around it. */
export const letters = (text: string): number => [...text.trim()].length;

/** What is wrong with a decision, by its field; empty where it may be sent. */
export function mistakes(action: Action, decision: Decision): Partial<Record<keyof Decision, string>> {
  const found: Partial<Record<keyof Decision, string>> = {};
  if (action === 'approve' || action === 'reject') {
    const length = letters(decision.reason ?? '');
    if (length < 10) found.reason = decisionText.reasonShort;
    if (length > 1_000) found.reason = decisionText.reasonLong;
    return found;
  }
  if (letters(decision.note ?? '') > 4_000) found.note = decisionText.noteLong;
  if (letters(decision.assignee ?? '') > 200) found.assignee = decisionText.assigneeLong;
  if (action === 'resolve' && decision.resolvedHow === undefined) found.resolvedHow = decisionText.resolvedHowMissing;
  return found;
}

/** The decision as it is sent: without blanks around texts, and without what belongs to another action. */
export function tidied(action: Action, { reason, note, assignee, resolvedHow }: Decision): Decision {
  const texts =
    action === 'approve' || action === 'reject' ? { reason } : action === 'triage' ? { note, assignee } : { note };
  const said = Object.entries(texts).flatMap(([name, text]) => (text?.trim() ? [[name, text.trim()]] : []));
  return { ...Object.fromEntries(said), ...(action === 'resolve' && resolvedHow ? { resolvedHow } : {}) };
}
