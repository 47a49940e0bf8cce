import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, data } from '../api/client';
import type { Filters } from './filters';

/** A page of the log as it was when it was asked for, and how many entries that match have come since. */
export function useAudit(filters: Filters, cursor: string | undefined, rows: number) {
  const [asOf, renew] = useState(() => Date.now());
  const entries = useQuery({
    queryKey: ['audit', 'page', asOf, filters, cursor, rows],
    queryFn: ({ signal }) => {
      const place = cursor === undefined ? {} : { cursor };
      return data(api.GET('/api/v1/audit-logs', { params: { query: { ...filters, ...place, limit: rows } }, signal }));
    },
    placeholderData: keepPreviousData,
    // Entries don't move under the reader's eyes: new ones come when they are asked for.
    staleTime: 'static',
    gcTime: 0,
  });
  const now = useQuery({
    queryKey: ['audit', 'count', filters],
    queryFn: async ({ signal }) => {
      const query = { ...filters, limit: 1 };
      return (await data(api.GET('/api/v1/audit-logs', { params: { query }, signal }))).pagination.total;
    },
    refetchInterval: 30_000,
  });
  const isSettled = entries.data !== undefined && now.data !== undefined && !entries.isPlaceholderData;
  return {
    entries,
    // The log only grows, so the difference is what came.
    arrived: isSettled ? Math.max(0, now.data - entries.data.pagination.total) : 0,
    renew: () => renew(Date.now()),
  };
}
