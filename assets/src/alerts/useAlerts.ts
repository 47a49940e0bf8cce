import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, data } from '../api/client';
import { type Filters, queryOf, SEVERITIES } from './filters';
import { gather, type Place } from './gather';

const UNREAD_ROWS = 25;
const START: Place = { part: 0, cursor: null };

/** Rows don't move under the reader's hand: they are fetched once, and again only where somebody asks for it. */
const STILL = { staleTime: 'static', gcTime: 0 } as const;

/** The alerts as they were when the page was opened, and how many have come since. */
export function useAlerts(filters: Filters, page: number, rows: number) {
  const [asOf, renew] = useState(() => Date.now());
  const query = queryOf(filters);
  const wantsUnread = filters.isRead !== true;
  const wantsRead = filters.isRead !== false;
  const parts = filters.severity.length > 0 ? filters.severity : SEVERITIES;

  const unread = useInfiniteQuery({
    queryKey: ['alerts', 'unread-rows', asOf, query],
    initialPageParam: START,
    queryFn: ({ pageParam, signal }) =>
      gather(
        async (part, cursor, limit) => {
          const severity = parts[part] ?? SEVERITIES[0];
          const place = cursor === null ? {} : { cursor };
          const params = { query: { ...query, ...place, limit, isRead: false, ...(severity ? { severity } : {}) } };
          const { items, pagination } = await data(api.GET('/api/v1/alerts', { params, signal }));
          return { items, next: pagination.nextCursor ?? null };
        },
        parts.length,
        pageParam,
        UNREAD_ROWS,
      ),
    getNextPageParam: ({ next }) => next,
    placeholderData: keepPreviousData,
    enabled: wantsUnread,
    ...STILL,
  });
  const read = useQuery({
    queryKey: ['alerts', 'read-rows', asOf, query, page, rows],
    queryFn: ({ signal }) =>
      data(api.GET('/api/v1/alerts', { params: { query: { ...query, isRead: true, page, limit: rows } }, signal })),
    placeholderData: keepPreviousData,
    enabled: wantsRead,
    ...STILL,
  });
  const then = useQuery({
    queryKey: ['alerts', 'totals', asOf, query],
    queryFn: async ({ signal }) => {
      const [unread, all] = await Promise.all([total({ ...query, isRead: false }, signal), total(query, signal)]);
      return { unread, all };
    },
    placeholderData: keepPreviousData,
    ...STILL,
  });
  const now = useQuery({ queryKey: ['alerts', 'count', query], queryFn: ({ signal }) => total(query, signal) });
  const isSettled = then.data !== undefined && now.data !== undefined && !then.isPlaceholderData;
  return {
    unread: wantsUnread ? unread : null,
    read: wantsRead ? read : null,
    totals: then.data,
    /** How many came since. Nothing ever takes an alert away, so the difference says it. */
    arrived: isSettled && wantsUnread ? Math.max(0, now.data - then.data.all) : 0,
    renew: () => renew(Date.now()),
  };
}

/** How many alerts match. */
export async function total(
  query: ReturnType<typeof queryOf> & { isRead?: boolean },
  signal: AbortSignal,
): Promise<number> {
  const page = await data(api.GET('/api/v1/alerts', { params: { query: { ...query, limit: 1 } }, signal }));
  return page.pagination.total;
}
