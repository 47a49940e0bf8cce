import { queryOptions } from '@tanstack/react-query';
import { api, data, type Schemas } from '../api/client';
import { Problem } from '../api/problem';
import { queries } from '../api/queries';
import { parseExact } from '../diff/json';
import { outdatePages } from './rows';

/** A drift with its states, and the ETag that stands for what it is now. */
export interface Whole {
  drift: Schemas['Drift'];
  etag: string | null;
}

/** One drift. Its numbers keep every digit: an account id or a 64-bit value is no float. */
export const driftQuery = (id: string) =>
  queryOptions({
    queryKey: ['drifts', 'one', id, 'whole'],
    queryFn: async ({ signal }): Promise<Whole> => {
      const { data: text, response } = await api.GET('/api/v1/drifts/{id}', {
        params: { path: { id } },
        signal,
        parseAs: 'text',
      });
      return { drift: driftIn(text), etag: response.headers.get('etag') };
    },
  });

function driftIn(text: string | undefined): Schemas['Drift'] {
  const body = parseExact(text ?? 'null');
  if (isAnswer(body)) return body.data;
  throw new Problem(500, 'INTERNAL_SERVER_ERROR', 'The answer had no body.', null);
}

const isAnswer = (body: unknown): body is { data: Schemas['Drift'] } =>
  typeof body === 'object' && body !== null && 'data' in body;

/** What happened to a drift, oldest first. */
export const timelineQuery = (id: string) =>
  queryOptions({
    queryKey: ['drifts', 'timeline', id],
    queryFn: ({ signal }) =>
      data(api.GET('/api/v1/drifts/{id}/timeline', { params: { path: { id } }, signal })).then(({ items }) => items),
  });

/** Fetches a drift again with its timeline, and marks what else tells of it as outdated. */
export async function refetch(id: string): Promise<void> {
  outdatePages();
  for (const queryKey of [['drifts', 'count'], ['metrics'], ['alerts']]) void queries.invalidateQueries({ queryKey });
  await Promise.all([
    queries.invalidateQueries({ queryKey: ['drifts', 'one', id] }),
    queries.invalidateQueries({ queryKey: ['drifts', 'timeline', id] }),
  ]);
}

/** The workspace of this name, for the link to it. */
export const workspaceQuery = (name: string) =>
  queryOptions({
    queryKey: ['workspaces', 'named', name],
    queryFn: ({ signal }) =>
      data(api.GET('/api/v1/workspaces', { params: { query: { name, limit: 100 } }, signal })).then(
        ({ items }) => items.find((one) => one.name === name)?.id ?? null,
      ),
    staleTime: 600_000,
  });
