/*
 * Every word that a person reads, by where it is read: the field's own terms; a sentence says what to do next. Each page
 * loads its own words and those that all share.
 */

export * from './text/alerts';
export * from './text/audit';
export * from './text/dashboard';
export * from './text/decisions';
export * from './text/diff';
export * from './text/drift';
export * from './text/drift_list';
export * from './text/keys';
export * from './text/profile';
export * from './text/push';
export * from './text/scans';
export * from './text/settings';
export * from './text/shared';
export * from './text/shell';
export * from './text/sign_in';
export * from './text/users';
export * from './text/workspaces';
