import type { operations } from '../api/schema';
import type { Kind, Severity, Status } from '../ui/Badge';
import { alternatives, ignored, type Search } from '../url/search';

/*
 * What the list shows: the query string under the API's own names, what it means, and what is asked of the API for it.
 * Where it says nothing, the list shows what is open and has left the code, the newest of the gravest first.
 */

export type ListQuery = NonNullable<operations['listDrifts']['parameters']['query']>;
export type SortBy = NonNullable<ListQuery['sortBy']>;
export type SortOrder = NonNullable<ListQuery['sortOrder']>;

/** Each name's alternatives; none of them is no filter. */
export interface Filters {
  readonly status: readonly Status[];
  readonly kind: readonly Kind[];
  readonly severity: readonly Severity[];
  readonly workspace: readonly string[];
  readonly resourceType: readonly string[];
  readonly region: readonly string[];
  readonly assignee: readonly string[];
  readonly search: string;
  /** RFC 3339, or empty. */
  readonly detectedFrom: string;
  readonly detectedTo: string;
}

export interface View {
  readonly filters: Filters;
  readonly sortBy: SortBy;
  readonly sortOrder: SortOrder;
  readonly page: number;
}

export const STATUSES: readonly Status[] = ['detected', 'triaged', 'approved', 'rejected', 'resolved'];
export const OPEN: readonly Status[] = ['detected', 'triaged', 'approved'];
export const KINDS: readonly Kind[] = ['modified', 'missing', 'unmanaged', 'pending', 'state_only'];
/** The kinds that have left the code: what is not applied yet, or stands in the state alone, is left out until asked for. */
export const REAL: readonly Kind[] = ['modified', 'missing', 'unmanaged'];
export const SEVERITIES: readonly Severity[] = ['critical', 'warning', 'info'];
const SORTS: readonly SortBy[] = ['severity', 'detectedAt', 'lastSeenAt', 'costImpactMonthly', 'createdAt'];
const ORDERS: readonly SortOrder[] = ['desc', 'asc'];

/** The filters that take any words, each with several alternatives. */
export const WORDS = ['workspace', 'resourceType', 'region', 'assignee'] as const;
export type Words = (typeof WORDS)[number];

export const PLAIN: Filters = {
  status: OPEN,
  kind: REAL,
  severity: [],
  workspace: [],
  resourceType: [],
  region: [],
  assignee: [],
  search: '',
  detectedFrom: '',
  detectedTo: '',
};

const ALL = 'all';
const MOST_PAGES = 1_000_000_000;
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** Reads the query string; what it doesn't know is left out, and named by `ignoredOf`. */
export function viewOf(search: Search): View {
  const words = (name: Words) => [...new Set(alternatives(search[name]))].filter((word) => word !== ALL);
  return {
    filters: {
      status: chosen(search.status?.replace(/\bopen\b/g, OPEN.join(',')), STATUSES, OPEN),
      kind: chosen(search.kind, KINDS, REAL),
      severity: chosen(search.severity, SEVERITIES, []),
      workspace: words('workspace'),
      resourceType: words('resourceType'),
      region: words('region'),
      assignee: words('assignee'),
      search: search.search ?? '',
      detectedFrom: isMoment(search.detectedFrom) ? search.detectedFrom : '',
      detectedTo: isMoment(search.detectedTo) ? search.detectedTo : '',
    },
    sortBy: SORTS.find((sort) => sort === search.sortBy) ?? 'severity',
    sortOrder: ORDERS.find((order) => order === search.sortOrder) ?? 'desc',
    page: isPage(search.page) ? Number(search.page) : 1,
  };
}

/** What the query string says that means nothing here. */
export function ignoredOf(search: Search): Search {
  const { page, detectedFrom, detectedTo, ...rest } = search;
  const lists = ignored(rest, {
    status: [...STATUSES, 'open', ALL],
    kind: [...KINDS, ALL],
    severity: [...SEVERITIES, ALL],
    sortBy: SORTS,
    sortOrder: ORDERS,
    search: null,
    // How many rows there are is everybody's own choice. A drift's page carries it for its neighbours' sake.
    limit: null,
    ...Object.fromEntries(WORDS.map((name) => [name, null])),
  });
  const wrong: Record<string, string> = { ...lists };
  if (page && !isPage(page)) wrong.page = page;
  if (detectedFrom && !isMoment(detectedFrom)) wrong.detectedFrom = detectedFrom;
  if (detectedTo && !isMoment(detectedTo)) wrong.detectedTo = detectedTo;
  return wrong;
}

/** The query string of some filters, defaults left out. What is to go away is `undefined`. */
export function searchOf(filters: Partial<Filters>): Record<string, string | undefined> {
  const said: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(filters)) said[name] = written(name, value) || undefined;
  return said;
}

function written(name: string, value: string | readonly string[]): string {
  if (typeof value === 'string') return value;
  if (name === 'status') return isSame(value, OPEN) ? '' : inOrder(value, STATUSES) || ALL;
  if (name === 'kind') return isSame(value, REAL) ? '' : inOrder(value, KINDS) || ALL;
  if (name === 'severity') return inOrder(value, SEVERITIES);
  return value.join(',');
}

/** What the API is asked for these filters: lists, exports and bulk decisions take the same. */
export function filterQuery(filters: Filters) {
  const said: {
    status?: string;
    kind?: string;
    severity?: string;
    workspace?: string;
    resourceType?: string;
    region?: string;
    assignee?: string;
    search?: string;
    detectedFrom?: string;
    detectedTo?: string;
  } = {};
  if (filters.status.length > 0) said.status = isSame(filters.status, OPEN) ? 'open' : filters.status.join(',');
  if (filters.kind.length > 0) said.kind = filters.kind.join(',');
  if (filters.severity.length > 0) said.severity = filters.severity.join(',');
  for (const name of WORDS) if (filters[name].length > 0) said[name] = filters[name].join(',');
  for (const name of ['search', 'detectedFrom', 'detectedTo'] as const) if (filters[name]) said[name] = filters[name];
  return said;
}

/** What the API is asked for a page of the list. */
export function listQuery({ filters, sortBy, sortOrder, page }: View, limit: number): ListQuery {
  return { ...filterQuery(filters), sortBy, sortOrder, page, limit };
}

/** What a row's link carries, so that the drift's page knows the list that one came from. */
export function linkSearch(view: View, limit: number): Search {
  const said = {
    ...searchOf(view.filters),
    sortBy: view.sortBy === 'severity' ? undefined : view.sortBy,
    sortOrder: view.sortOrder === 'desc' ? undefined : view.sortOrder,
    page: view.page === 1 ? undefined : String(view.page),
    limit: limit === 25 ? undefined : String(limit),
  };
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(said)) if (value !== undefined) found[name] = value;
  return found;
}

/** Whether nothing narrows or widens the list. */
export const isPlain = (filters: Filters): boolean => Object.values(searchOf(filters)).every((value) => !value);

/** Every filter's name, to be taken away: what `change` makes the plain view. */
export const CLEARED: Readonly<Record<string, undefined>> = Object.fromEntries(
  [...Object.keys(PLAIN), 'page', 'limit'].map((name) => [name, undefined]),
);

function chosen<T extends string>(
  value: string | undefined,
  known: readonly T[],
  fallback: readonly T[],
): readonly T[] {
  const said = alternatives(value);
  if (said.includes(ALL)) return [];
  const found = known.filter((one) => said.includes(one));
  return found.length > 0 ? found : fallback;
}

const inOrder = (values: readonly string[], known: readonly string[]) =>
  known.filter((one) => values.includes(one)).join(',');

const isSame = (some: readonly string[], others: readonly string[]) =>
  some.length === others.length && others.every((one) => some.includes(one));

const isPage = (value: string | undefined): boolean =>
  value !== undefined && /^[1-9]\d*$/.test(value) && Number(value) <= MOST_PAGES;

const isMoment = (value: string | undefined): value is string =>
  value !== undefined && MOMENT.test(value) && !Number.isNaN(Date.parse(value));
