/*
 * What a page is going to ask for, asked while its code is still on the way. The answer waits here until the page's own
 * call takes it, and for no longer than it is true.
 */

const KEPT_MS = 10_000;
const waiting = new Map<string, Promise<Response | undefined>>();

/** Asks for a path of the API, its query included, as the one whose token it is. */
export function askAhead(path: string, token: string): void {
  const answer = fetch(path, { headers: { authorization: `Bearer ${token}` } }).catch(() => undefined);
  waiting.set(path, answer);
  setTimeout(() => waiting.delete(path), KEPT_MS);
}

/** The answer to this very call where it was asked for ahead, once. */
export async function takeAhead({ method, url }: Request): Promise<Response | undefined> {
  if (method !== 'GET' || waiting.size === 0) return undefined;
  const { pathname, search } = new URL(url);
  const path = `${pathname}${search}`;
  const answer = waiting.get(path);
  waiting.delete(path);
  return answer;
}
