import { api, data, type Schemas } from '../api/client';
import { Problem } from '../api/problem';

/** What the sessions' queries begin with. */
export const KEY = ['me', 'sessions'];

/** All of one's own sessions, this one first: the server keeps a few, and answers them at once. */
export async function sessions(signal?: AbortSignal): Promise<readonly Schemas['Session'][]> {
  const { items } = await data(api.GET('/api/v1/auth/sessions', signal ? { signal } : {}));
  return items.toSorted((a, b) => Number(b.current) - Number(a.current));
}

export async function endSession(id: string): Promise<void> {
  try {
    await api.DELETE('/api/v1/auth/sessions/{id}', { params: { path: { id } } });
  } catch (error) {
    // It has ended by itself in the meantime.
    if (!(error instanceof Problem) || error.status !== 404) throw error;
  }
}

/** Ends all of one's sessions but this one, and says how many that were. */
export async function endOthers(): Promise<number> {
  return (await data(api.DELETE('/api/v1/auth/sessions', {}))).count;
}
