import createClient from 'openapi-fetch';
import { takeAhead } from './ahead';
import { Problem, Unreachable } from './problem';
import type { components, paths } from './schema';
import { accessToken, renew } from './session';

/** The contract's types, by name. */
export type Schemas = components['schemas'];

/** Every call of the contract, with the session's token. Give its answer to `data`. */
export const api = createClient<paths>({ baseUrl: '', fetch: authorized });

/** openapi-fetch's types take a read-only array for any object, and lose that it is one: this says it again. */
type Whole<T> = T extends string
  ? T
  : T extends { readonly [at: number]: infer Item; readonly length: number }
    ? readonly Whole<Item>[]
    : T extends object
      ? { [Name in keyof T]: Whole<T[Name]> }
      : T;

/**
 * What a call answered: `data(api.GET('/api/v1/drifts', …))`.
 *
 * Throws `Problem` (refused), `Unreachable` (no answer) or `SignedOut`.
 */
export async function data<T>(
  answer: Promise<{ data?: { readonly data: T } | string; response: Response }>,
): Promise<Whole<T>> {
  const { data } = await answer;
  // A call that can also answer with lines for a file is typed as either.
  if (data === undefined || typeof data === 'string')
    throw new Problem(500, 'INTERNAL_SERVER_ERROR', 'The answer had no body.', null);
  return data.data as Whole<T>;
}

/** Fetches with the session's token; once more with a new one where it was refused. Throws what isn't a success. */
export async function authorized(request: Request): Promise<Response> {
  const again = request.clone();
  let response = (await takeAhead(request)) ?? (await sent(request));
  if (response.status === 401) {
    await renew();
    response = await sent(again);
  }
  if (!response.ok) throw await Problem.of(response);
  return response;
}

async function sent(request: Request): Promise<Response> {
  request.headers.set('authorization', `Bearer ${await accessToken()}`);
  try {
    return await fetch(request);
  } catch (error) {
    if (request.signal.aborted) throw error;
    throw new Unreachable();
  }
}

/** Has the browser save what a call streams, under the name that the server gives it. */
export async function download(path: string, fallbackName: string, method: 'GET' | 'POST' = 'GET'): Promise<void> {
  const response = await authorized(new Request(new URL(path, location.origin), { method }));
  const name = /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1] ?? fallbackName;
  const url = URL.createObjectURL(await response.blob());
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
