import { useQuery } from '@tanstack/react-query';
import { api, data } from '../api/client';
import { queries } from '../api/queries';
import type { Search } from '../url/search';
import { type ListQuery, listQuery, viewOf } from './filters';

/*
 * The way from one drift to the next, in the list that one came from. What was decided leaves that list, and others
 * come in: so the ids that were seen are kept in their order, and it goes on from them.
 */

/** A stretch of a list. */
export interface Walk {
  ids: readonly string[];
  /** The page that the first id stood on. */
  firstPage: number;
  /** What gives the ids after the last; `null` at the list's end. */
  cursor: string | null;
  total: number;
  limit: number;
}

interface Page {
  ids: readonly string[];
  cursor: string | null;
  total: number;
}

/** Gives a page of the list, by its number or by what came before it. */
export type Turn = (to: { page: number } | { cursor: string }) => Promise<Page>;

export interface Neighbour {
  id: string;
  page: number;
}

export interface Neighbours {
  previous: Neighbour | undefined;
  next: Neighbour | undefined;
  /** From 1. */
  position: number;
  total: number;
}

/** Walks on until the drift's neighbours on both sides are known; `null` where the list doesn't have the drift. */
export async function walkTo(
  id: string,
  page: number,
  limit: number,
  known: Walk | undefined,
  turn: Turn,
): Promise<Walk | null> {
  let walk = known?.ids.includes(id) ? known : await begun(id, page, limit, turn);
  if (walk?.ids.at(-1) === id && walk.cursor !== null) walk = await longer(walk, walk.cursor, turn);
  while (walk?.ids[0] === id && walk.firstPage > 1) walk = await earlier(walk, turn);
  return walk;
}

/** Rows that came or went since the link was made have moved it by a page at most, as a rule. */
async function begun(id: string, page: number, limit: number, turn: Turn): Promise<Walk | null> {
  for (const at of [page, page + 1, page - 1]) {
    if (at < 1) continue;
    const found = await turn({ page: at });
    if (found.ids.includes(id)) return { ...found, firstPage: at, limit };
  }
  return null;
}

async function longer(walk: Walk, cursor: string, turn: Turn): Promise<Walk> {
  const found = await turn({ cursor });
  const ids = [...walk.ids, ...found.ids.filter((id) => !walk.ids.includes(id))];
  return { ...walk, ids, cursor: found.cursor };
}

/** What stands right before the first id now, though rows before it have come or gone. */
async function earlier(walk: Walk, turn: Turn): Promise<Walk> {
  const firstPage = walk.firstPage - 1;
  const before = await turn({ page: firstPage });
  const after = await turn({ page: walk.firstPage });
  const found = [...before.ids, ...after.ids.filter((id) => !before.ids.includes(id))];
  const at = found.findIndex((id) => walk.ids.includes(id));
  const ids = at < 0 ? before.ids : found.slice(0, at);
  return { ...walk, ids: [...ids, ...walk.ids], firstPage };
}

/** What stands beside a drift in a walk. */
export function beside(walk: Walk, id: string): Neighbours {
  const at = walk.ids.indexOf(id);
  const neighbour = (place: number): Neighbour | undefined => {
    const found = walk.ids[place];
    return found === undefined ? undefined : { id: found, page: walk.firstPage + Math.floor(place / walk.limit) };
  };
  const position = (walk.firstPage - 1) * walk.limit + at + 1;
  return { previous: neighbour(at - 1), next: neighbour(at + 1), position, total: Math.max(walk.total, position) };
}

const ROWS = 25;
queries.setQueryDefaults(['drifts', 'walk'], { gcTime: Number.POSITIVE_INFINITY });

/** How many rows the list had on a page: a drift's link says it where it isn't as many as usual. */
export const rowsOf = (search: Search): number =>
  search.limit !== undefined && /^([1-9]|[1-9]\d|100)$/.test(search.limit) ? Number(search.limit) : ROWS;

/** A drift's neighbours in the list that the query string tells of; `null` where that list doesn't have it. */
export function useNeighbours(id: string, search: Search): Neighbours | null {
  const { page = 1, ...query } = listQuery(viewOf(search), rowsOf(search));
  const walkKey = ['drifts', 'walk', query];
  const answer = useQuery({
    queryKey: ['drifts', 'neighbours', query, id],
    queryFn: async ({ signal }) => {
      const known = queries.getQueryData<Walk>(walkKey);
      const walk = await walkTo(id, page, rowsOf(search), known, turning(query, signal));
      if (walk) queries.setQueryData(walkKey, walk);
      return walk && beside(walk, id);
    },
    staleTime: Number.POSITIVE_INFINITY,
  });
  return answer.data ?? null;
}

const turning =
  (list: ListQuery, signal: AbortSignal): Turn =>
  async (to) => {
    const { items, pagination } = await data(
      api.GET('/api/v1/drifts', { params: { query: { ...list, ...to } }, signal }),
    );
    return { ids: items.map(({ id }) => id), cursor: pagination.nextCursor, total: pagination.total };
  };
