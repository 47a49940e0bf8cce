import { count, plural } from './format/numbers';

/*
 * Every word that a person reads, by where it is read. The field's own terms; a sentence says what to do next.
 */

export const common = {
  product: 'DriftSentry',
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

/** What the four decisions mean: DriftSentry itself changes no infrastructure. */
export const decisions = {
  approve: {
    verb: 'Approve',
    done: 'Approved',
    meaning: 'Approve the remediation: the live value is to be reverted to the code.',
  },
  reject: {
    verb: 'Reject',
    done: 'Rejected',
    meaning: "Don't remediate: the live value stays, and the code should follow it.",
  },
  triage: { verb: 'Triage', done: 'Triaged', meaning: 'It has an owner, and is not decided yet.' },
  resolve: { verb: 'Resolve', done: 'Resolved', meaning: 'It is closed. This is final.' },
  noEffect: 'DriftSentry records the decision. It changes no infrastructure.',
} as const;

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

export const shell = {
  skip: 'Skip to content',
  navigation: 'Main',
  menu: 'Menu',
  administration: 'Administration',
  signOut: 'Sign out',
  signOutFailed: 'You could not be signed out',
  shortcuts: 'Keyboard shortcuts',
  shortcutsOff: 'Single-key shortcuts are off. Switch them on in your profile.',
  everywhere: 'Everywhere',
  help: 'Show this help',
  search: 'Search',
  goTo: (page: string) => `Go to ${page}`,
  andThen: 'then',
  notifications: 'Notifications',
  recent: 'Recent notifications',
  noneRecent: 'Nothing was said since you opened this page.',
  unread: (unread: number) => `${plural(unread, 'unread alert')}`,
  notFound: 'Nothing is at this address. It may have been removed, or the link is incomplete.',
  toDashboard: 'Go to the dashboard',
  forbidden: 'Your role does not allow this page. An administrator can change your role.',
  crashed: 'This page has stopped working',
  reload: 'Reload',
  outdated: 'DriftSentry was upgraded. Reload the page to get the new version.',
  criticalAlert: 'Open',
};

export const connectionText = {
  lost: 'Connection lost.',
  retryIn: (seconds: number) => (seconds <= 0 ? 'Trying again…' : `Trying again in ${count(seconds)} s.`),
  dataFrom: (clock: string) => `Data from ${clock}.`,
  tryNow: 'Try now',
  back: 'Reconnected',
  writesOff: 'The server does not answer. This can be done when the connection is back.',
};

export const signInText = {
  title: 'Sign in',
  email: 'Email',
  password: 'Password',
  submit: 'Sign in',
  refused: 'The email or the password is wrong.',
  failed: 'Signing in did not work',
  lapsedTitle: 'Sign in again',
  lapsed: 'Your session has ended. What you have entered is still here.',
  signedInAs: (email: string) => `Signed in as ${email}.`,
  other: 'Sign in as somebody else',
  intro: 'What changed outside your infrastructure code, and who decided what about it.',
};

export const passwordText = {
  forcedTitle: 'Choose your password',
  forced: 'You signed in with a password that was given to you. Choose one of your own to go on.',
  current: 'Current password',
  new: 'New password',
  again: 'New password again',
  hint: '12 to 128 characters. Several words make a good one.',
  differs: 'The two are not the same.',
  submit: 'Change password',
  changed: 'Your password is changed. All your other sessions have ended.',
  failed: 'The password was not changed',
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

/** How a drift can end. */
export const endings = {
  'auto-remediate': 'The live value was reverted',
  'manual-fix': 'Somebody fixed it by hand',
  acknowledged: 'It stays as it is, knowingly',
} as const;

export const decisionText = {
  reason: 'Reason',
  reasonHint: (letters: number) => `${count(letters)} of 10 to 1,000 characters. It stands in the audit log.`,
  reasonShort: 'Say why in 10 characters or more.',
  reasonLong: 'Say it in 1,000 characters or fewer.',
  note: 'Note',
  noteHint: 'Optional. It stands in the timeline.',
  noteLong: 'Write 4,000 characters or fewer.',
  assignee: 'Assignee',
  assigneeHint: "Optional. An email address or a team's name.",
  assigneeLong: 'Write 200 characters or fewer.',
  assignToMe: 'Assign to me',
  resolvedHow: 'How did it end?',
  resolvedHowMissing: 'Choose how it ended.',
  failed: (verb: string) => `${verb}: this did not work`,
  byKeyboard: 'Ctrl+Enter decides, Esc cancels.',
};

export const driftListText = {
  table: 'Drifts',
  matching: (total: number) => `${plural(total, 'drift')}`,
  failed: 'The drifts could not be loaded',
  columns: {
    severity: 'Severity',
    address: 'Resource',
    workspace: 'Workspace',
    status: 'Status',
    assignee: 'Assignee',
    costImpactMonthly: 'Cost/month',
    detectedAt: 'Detected',
    lastSeenAt: 'Last seen',
    createdAt: 'Recorded',
  },
  sortBy: 'Sort by',
  change: (added: number, changed: number, removed: number) =>
    `${count(added)} added, ${count(changed)} changed, ${count(removed)} removed`,
  notPriced: 'Not priced',
  unassigned: 'Nobody',
  decidedBy: (who: string) => `by ${who}`,
  decidedNow: (who: string, done: string, address: string) => `${who}: ${done} ${address}`,
  fresh: (fresh: number, isMore: boolean) =>
    `${count(fresh)}${isMore ? ' or more' : ''} new ${fresh === 1 && !isMore ? 'drift' : 'drifts'}.`,
  freshElsewhere: 'In this order, the new ones are on other pages.',
  newestFirst: 'Newest first',
  export: 'Export',
  exportHint: 'All that match, as the filters are now.',
  exportCsv: 'CSV, for spreadsheets',
  exportNdjson: 'NDJSON, a line for each',
  exportFailed: 'The export did not work',
  view: 'View',
  compact: 'Compact rows',
  columnsShown: 'Columns',
  filters: {
    label: 'Filters',
    search: 'Search',
    searchHint: 'Resource address, id or type',
    status: 'Status',
    kind: 'Kind',
    severity: 'Severity',
    workspace: 'Workspace',
    resourceType: 'Resource type',
    region: 'Region',
    assignee: 'Assignee',
    detectedFrom: 'Detected from',
    detectedTo: 'Detected until',
    detectedBefore: 'Detected before',
    more: 'More filters',
    show: 'Filters',
    any: 'Any',
    onlyOpen: 'Open',
    onlyReal: 'Real drift',
    me: 'Assigned to me',
    exact: 'The whole word, as it stands in the list. Enter adds it.',
    days: 'Whole days, in your time zone.',
    or: ' or ',
    chip: (name: string, value: string) => `${name}: ${value}`,
    set: 'Filters that are set',
    clearAll: 'Clear all',
  },
  empty: {
    never: 'Nothing was scanned yet',
    neverHint: 'Push the output of a plan from your pipeline, and what has left the code stands here.',
    howToPush: 'How to push a scan',
    good: (workspaces: number) => `No open drift in ${plural(workspaces, 'workspace')}.`,
    lastScan: 'Last scan',
    unchecked: (workspaces: number) =>
      `${plural(workspaces, 'workspace')} ${workspaces === 1 ? 'was' : 'were'} not scanned in time, or without success: nobody knows about ${workspaces === 1 ? 'it' : 'them'}.`,
    seeWorkspaces: 'See the workspaces',
    seeClosed: 'See what was decided',
    filtered: 'Nothing matches.',
    without: (drifts: number) => `${plural(drifts, 'drift')} without these filters.`,
    noneWithout: 'There is no open drift without these filters either.',
    beyond: (page: number, pages: number) =>
      `There is no page ${count(page)}: ${pages === 1 ? 'there is one page' : `the last one is ${count(pages)}`}.`,
    firstPage: 'First page',
    lastPage: 'Last page',
  },
  select: {
    row: (address: string) => `Select ${address}`,
    page: 'Select all on this page',
    bar: 'Selection',
    onPage: (onPage: number) => `${count(onPage)} on this page selected.`,
    all: (selected: number) => `${plural(selected, 'drift')} selected.`,
    matching: (total: number) => `All ${count(total)} matching selected.`,
    selectMatching: (total: number) => `Select all ${count(total)} matching`,
    tooMany: (selected: number) =>
      `${count(selected)} are too many: up to 1,000 can be decided at once. Narrow the filter.`,
    clear: 'Clear selection',
  },
  decide: {
    one: (verb: string) => `${verb} this drift`,
    many: (verb: string, drifts: number) => `${verb} ${plural(drifts, 'drift')}`,
    effectMany: (drifts: number) => `This decides on ${plural(drifts, 'drift')} at once.`,
    otherPages: (drifts: number) => `${count(drifts)} of them ${drifts === 1 ? 'is' : 'are'} not on this page.`,
    ofFilter: 'All that match these filters:',
    changedTotal: (before: number, now: number) =>
      `The number has changed: ${plural(before, 'drift')} matched, and now it is ${count(now)}. The list shows them. Deciding again decides on ${count(now)}.`,
    notPossible: (status: string) => `This drift is ${status} already.`,
    doneOne: (done: string, address: string) => `${done}: ${address}`,
    doneMany: (done: string, drifts: number) => `${done}: ${plural(drifts, 'drift')}`,
    someFailed: (done: string, succeeded: number, total: number) =>
      `${done}: ${count(succeeded)} of ${plural(total, 'drift')}`,
    failures: (failed: number) =>
      failed === 1 ? 'One was not, and is as it was:' : `${count(failed)} were not, and are as they were:`,
    moreFailures: (more: number) => `And ${count(more)} more.`,
    failureTable: 'What was not decided',
    resource: 'Resource',
    why: 'Why not',
  },
  keys: {
    title: 'Drift list',
    search: 'Search the list',
    next: 'Next row',
    previous: 'Previous row',
    select: 'Select the row',
    range: 'Select up to the row',
    page: 'Select the page',
    open: 'Open the drift',
    filter: 'Filters',
    decide: (verb: string) => `${verb} the row, or what is selected`,
  },
};
