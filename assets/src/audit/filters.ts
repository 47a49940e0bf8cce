import type { Schemas } from '../api/client';
import { auditText } from '../text';
import { alternatives, ignored, type Search } from '../url/search';

export type Action = Schemas['AuditEntry']['action'];

type Group = keyof typeof auditText.groups;

/** The actions by what they are about, in the order in which they are offered. */
const BY_GROUP: Readonly<Record<Group, readonly Action[]>> = {
  drift: [
    'drift_created',
    'drift_updated',
    'drift_triaged',
    'drift_approved',
    'drift_rejected',
    'drift_resolved',
    'drift_commented',
  ],
  alert: ['alert_read', 'alerts_marked_all_read'],
  scan: ['scan_received'],
  workspace: ['workspace_created', 'workspace_updated', 'workspace_deleted'],
  session: ['user_login', 'user_login_failed', 'user_logout', 'password_changed', 'token_reuse_detected'],
  user: ['user_created', 'user_updated', 'user_deleted'],
  key: ['api_key_created', 'api_key_revoked'],
  rule: ['rule_created', 'rule_updated', 'rule_deleted'],
  backup: ['backup_taken', 'backup_restored', 'retention_applied'],
};

export const ACTIONS = Object.values(BY_GROUP).flat();

export const ACTION_CHOICES = Object.entries(BY_GROUP).flatMap(([group, actions]) =>
  actions.map((value) => ({
    value,
    label: auditText.actions[value],
    group: auditText.groups[group as Group],
  })),
);

/** What the entries are to have, as the API takes it. */
export interface Filters {
  action?: string;
  actorId?: string;
  driftId?: string;
  from?: string;
  to?: string;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/;
const isTime = (text: string) => TIME.test(text) && !Number.isNaN(Date.parse(text));

export function filtersOf(search: Search): Filters {
  const action = alternatives(search.action).filter((one) => ACTIONS.some((known) => known === one));
  const { actorId, driftId, from, to } = search;
  return {
    ...(action.length > 0 ? { action: action.join(',') } : {}),
    ...(actorId !== undefined && UUID.test(actorId) ? { actorId } : {}),
    ...(driftId !== undefined && UUID.test(driftId) ? { driftId } : {}),
    ...(from !== undefined && isTime(from) ? { from } : {}),
    ...(to !== undefined && isTime(to) ? { to } : {}),
  };
}

/** What of the address means nothing here. */
export function ignoredOf(search: Search): Search {
  const filters = filtersOf(search);
  const unread = Object.entries(search).filter(
    ([name]) => ['actorId', 'driftId', 'from', 'to'].includes(name) && !(name in filters),
  );
  const known = { action: ACTIONS, actorId: null, driftId: null, from: null, to: null, cursor: null };
  return { ...ignored(search, known), ...Object.fromEntries(unread) };
}
