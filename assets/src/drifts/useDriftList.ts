import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';
import { api, data } from '../api/client';
import { queries } from '../api/queries';
import type { ListQuery } from './filters';

const pageOf = (query: ListQuery) =>
  queryOptions({
    queryKey: ['drifts', 'page', query],
    queryFn: ({ signal }) => data(api.GET('/api/v1/drifts', { params: { query }, signal })),
  });

/** Fetches a page of the list before it is shown. */
export const prepareDriftList = (query: ListQuery): Promise<unknown> => queries.prefetchQuery(pageOf(query));

/** A page of the list. It stays as it is until one asks for another: rows don't move under the hand. */
export function useDriftList(query: ListQuery) {
  return useQuery({
    ...pageOf(query),
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
