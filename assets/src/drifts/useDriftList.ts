import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api, data } from '../api/client';
import type { ListQuery } from './filters';

/** A page of the list. It stays as it is until one asks for another: rows don't move under the hand. */
export function useDriftList(query: ListQuery) {
  return useQuery({
    queryKey: ['drifts', 'page', query],
    queryFn: ({ signal }) => data(api.GET('/api/v1/drifts', { params: { query }, signal })),
    placeholderData: keepPreviousData,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
}

/** How many drifts match. */
export function useDriftCount(query: ListQuery, enabled = true) {
  return useQuery({
    queryKey: ['drifts', 'count', query],
    queryFn: ({ signal }) =>
      data(api.GET('/api/v1/drifts', { params: { query: { ...query, limit: 1 } }, signal })).then(
        ({ pagination }) => pagination.total,
      ),
    enabled,
  });
}
