import { count } from '../format/numbers';

export const common = {
  workspace: 'Workspace',
  product: 'DriftSentry',
  add: 'Add',
  any: 'any',
  or: ' or ',
  cancel: 'Cancel',
  clear: 'Clear',
  close: 'Close',
  copy: 'Copy',
  copied: 'Copied',
  copyByHand: 'Press Ctrl+C',
  copyOf: (what: string) => `Copy ${what}`,
  dismiss: 'Dismiss',
  loading: 'Loading…',
  next: 'Next',
  previous: 'Previous',
  retry: 'Try again',
  save: 'Save',
  saved: 'Saved',
  show: 'Show',
  traceId: 'Trace id',
  none: '—',
  undo: 'Undo',
  ignoredFilter: (name: string, value: string) => `Ignored filter: ${name}=${value}`,
};

export const severities = { critical: 'Critical', warning: 'Warning', info: 'Info' } as const;

export const statuses = {
  detected: 'Detected',
  triaged: 'Triaged',
  approved: 'Approved',
  rejected: 'Rejected',
  resolved: 'Resolved',
} as const;

export const kinds = {
  modified: 'Modified',
  missing: 'Missing',
  unmanaged: 'Unmanaged',
  pending: 'Pending',
  state_only: 'State only',
} as const;

export const roles = { ingest: 'Ingest', viewer: 'Viewer', engineer: 'Engineer', admin: 'Administrator' } as const;

export const scanStatuses = { complete: 'Complete', partial: 'Partial', failed: 'Failed' } as const;

export const pages = {
  dashboard: 'Dashboard',
  drifts: 'Drifts',
  alerts: 'Alerts',
  workspaces: 'Workspaces',
  audit: 'Audit log',
  users: 'Users',
  keys: 'API keys',
  settings: 'Settings',
  profile: 'Profile',
  docs: 'API',
  signIn: 'Sign in',
  notFound: 'Page not found',
  forbidden: 'Not allowed',
};

export const paginationText = {
  label: 'Pages',
  range: (from: number, to: number, total: number) => `${count(from)}–${count(to)} of ${count(total)}`,
  page: (page: number, pages: number) => `Page ${count(page)} of ${count(pages)}`,
  rows: 'Rows',
  first: 'First page',
  last: 'Last page',
  previous: 'Previous page',
  next: 'Next page',
};

export const formText = {
  firstName: 'First name',
  lastName: 'Last name',
  email: 'Email',
  role: 'Role',
  actions: 'Actions',
  created: 'Created',
  keptIt: 'I have kept it',
  once: 'It is shown this once: nobody can look it up later.',
  lastUse: 'Last used',
  never: 'Never',
};
