import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Failure, Skeleton } from './States';

interface Props<T> {
  query: UseQueryResult<T>;
  /** What could not be loaded, as a sentence. */
  failed: string;
  /** How many rows it will have, about, and how high they are: the skeleton takes that room. */
  rows: number;
  height?: string;
  children: (data: T) => ReactNode;
}

/** What a part of a page shows of what it fetches: what came last, even while it is fetched again; else the wait or the failure. */
export function Loaded<T>({ query, failed, rows, height, children }: Props<T>) {
  if (query.data !== undefined) return children(query.data);
  if (query.isError) return <Failure what={failed} error={query.error} onRetry={() => void query.refetch()} />;
  return <Skeleton rows={rows} {...(height === undefined ? {} : { height })} />;
}
