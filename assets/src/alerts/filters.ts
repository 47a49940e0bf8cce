import type { Schemas } from '../api/client';
import { alertsText, severities } from '../text';
import { alternatives, ignored, type Search } from '../url/search';

type Alert = Schemas['Alert'];

/** Worst first. */
export const SEVERITIES = Object.keys(severities) as readonly Alert['severity'][];
export const TYPES = Object.keys(alertsText.types) as readonly Alert['type'][];

const KNOWN = { isRead: ['true', 'false'], severity: SEVERITIES, type: TYPES, workspace: null, page: null };

/** What the alerts are to have, as the address says it. */
export interface Filters {
  isRead: boolean | undefined;
  severity: Alert['severity'][];
  type: Alert['type'][];
  workspace: string[];
}

export function filtersOf(search: Search): Filters {
  const severity = alternatives(search.severity);
  const type = alternatives(search.type);
  return {
    isRead: search.isRead === 'true' ? true : search.isRead === 'false' ? false : undefined,
    severity: SEVERITIES.filter((one) => severity.includes(one)),
    type: TYPES.filter((one) => type.includes(one)),
    workspace: alternatives(search.workspace),
  };
}

/** What of the address means nothing here. */
export const ignoredOf = (search: Search): Search => ignored(search, KNOWN);

/** As the API takes them, but for `isRead`. */
export function queryOf({ severity, type, workspace }: Filters): {
  severity?: string;
  type?: string;
  workspace?: string;
} {
  return {
    ...(severity.length > 0 ? { severity: severity.join(',') } : {}),
    ...(type.length > 0 ? { type: type.join(',') } : {}),
    ...(workspace.length > 0 ? { workspace: workspace.join(',') } : {}),
  };
}

export const isFiltered = (filters: Filters): boolean =>
  filters.isRead !== undefined || Object.keys(queryOf(filters)).length > 0;
