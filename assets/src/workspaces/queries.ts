import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';
import { api, data, type Schemas } from '../api/client';
import { filters, type HealthFilter } from './health';

type Workspace = Schemas['Workspace'];

/** The API's largest page. */
const PAGE = 100;
/** So many are looked at where all are needed: beyond, a name has to narrow them. */
const MOST = 1_000;

/** Every workspace whose name has the part in it, up to a thousand, and whether there are more. */
export const allWorkspaces = (name = '') =>
  queryOptions({
    queryKey: ['workspaces', 'all', name],
    queryFn: async ({ signal }) => {
      const items: Workspace[] = [];
      for (let cursor: string | null | undefined; ; ) {
        const query = { limit: PAGE, ...(name ? { name } : {}), ...(cursor ? { cursor } : {}) };
        const page = await data(api.GET('/api/v1/workspaces', { params: { query }, signal }));
        items.push(...page.items);
        cursor = page.pagination.nextCursor;
        if (!cursor || items.length >= MOST) return { items, total: page.pagination.total };
      }
    },
  });

/** What the list shows: a page of the API's, or of all that it gives where the API can't filter. */
export interface Listed {
  items: readonly Workspace[];
  total: number;
  /** How many were looked at, where that isn't all. */
  cutAt: number | null;
}

interface Asked {
  name: string;
  health: HealthFilter | undefined;
  page: number;
  size: number;
}

/** A page of the workspaces by name. */
export function useWorkspaces({ name, health, page, size }: Asked) {
  return useQuery({
    queryKey: ['workspaces', 'page', { name, health, page, size }],
    placeholderData: keepPreviousData,
    queryFn: async ({ signal, client }): Promise<Listed> => {
      if (health === undefined) {
        const query = { page, limit: size, ...(name ? { name } : {}) };
        const answer = await data(api.GET('/api/v1/workspaces', { params: { query }, signal }));
        return { items: answer.items, total: answer.pagination.total, cutAt: null };
      }
      const all = await client.fetchQuery({ ...allWorkspaces(name), staleTime: 0 });
      const found = all.items.filter(filters[health]);
      return {
        items: found.slice((page - 1) * size, page * size),
        total: found.length,
        cutAt: all.items.length < all.total ? all.items.length : null,
      };
    },
  });
}

/** The workspace of a name; null where there is none (any more). */
export const workspaceNamed = (name: string | undefined) =>
  queryOptions({
    queryKey: ['workspaces', 'named', name],
    enabled: name !== undefined,
    queryFn: async ({ signal }): Promise<Workspace | null> => {
      if (name === undefined) return null;
      // Names that have this one in them come by name: it stands before those that begin with it, not before others.
      for (let cursor: string | null | undefined; ; ) {
        const query = { name, limit: PAGE, ...(cursor ? { cursor } : {}) };
        const page = await data(api.GET('/api/v1/workspaces', { params: { query }, signal }));
        const found = page.items.find((workspace) => workspace.name === name);
        if (found) return found;
        cursor = page.pagination.nextCursor;
        if (!cursor) return null;
      }
    },
  });

/** How many workspaces there are in all. */
export const workspaceCount = queryOptions({
  queryKey: ['workspaces', 'count'],
  queryFn: async ({ signal }) => {
    const page = await data(api.GET('/api/v1/workspaces', { params: { query: { limit: 1 } }, signal }));
    return page.pagination.total;
  },
});
