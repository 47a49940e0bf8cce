import { listQuery, viewOf } from './drifts/filters';
import { pageSize } from './preferences/preferences';
import { parseSearch } from './url/search';

/** What the page of an address asks the API for first, as `api/client.ts` writes it. */
export function firstCalls({ pathname, search }: { pathname: string; search: string }): string[] {
  const calls = ['/api/v1/users/me'];
  if (pathname === '/drifts') {
    const query = listQuery(viewOf(parseSearch(search)), Number(pageSize.get()));
    const said = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
    calls.unshift(`/api/v1/drifts?${said.join('&')}`);
  }
  const drift = /^\/drifts\/([0-9a-f-]{36})$/.exec(pathname)?.[1];
  if (drift) calls.unshift(`/api/v1/drifts/${drift}`);
  return calls;
}
