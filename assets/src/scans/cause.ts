import { queryOptions, useQuery } from '@tanstack/react-query';
import { api, data, type Schemas } from '../api/client';

/** One scan. It never changes once it is taken in. */
export const oneScan = (id: string) =>
  queryOptions({
    queryKey: ['scans', 'one', id],
    queryFn: ({ signal }) => data(api.GET('/api/v1/scans/{id}', { params: { path: { id } }, signal })),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** The first line of why a scan failed; empty where its output doesn't say. */
export const causeOf = (scan: Schemas['Scan']): string => scan.problems[0]?.trim().split('\n')[0] ?? '';

/** The first line of why a scan failed, once it is known. */
export const useCause = (id: string): string | undefined => useQuery({ ...oneScan(id), select: causeOf }).data;
