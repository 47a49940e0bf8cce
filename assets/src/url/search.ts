/*
 * A page's state stands in the query string under the API's own names, as plain text: `?severity=critical,warning`.
 * Defaults are left out, so that a short link is the plain view.
 */

export type Search = Readonly<Record<string, string>>;

/** Reads `?a=1&b=2,3`. Of a name that comes twice, the values are joined as alternatives. */
export function parseSearch(text: string): Search {
  const found: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(text)) {
    found[name] = name in found ? `${found[name]},${value}` : value;
  }
  return found;
}

/** Writes it so that a person can read it: commas, slashes and colons stay as they are. */
export function stringifySearch(search: Record<string, unknown>): string {
  const pairs = Object.entries(search).filter(([, value]) => value !== undefined && value !== '');
  const text = pairs.map(([name, value]) => `${encode(name)}=${encode(String(value))}`).join('&');
  return text === '' ? '' : `?${text}`;
}

function encode(text: string): string {
  return encodeURIComponent(text)
    .replaceAll('%2C', ',')
    .replaceAll('%2F', '/')
    .replaceAll('%3A', ':')
    .replaceAll('%20', '+');
}

/** The alternatives of a comma-separated value. */
export const alternatives = (value: string | undefined): string[] =>
  (value ?? '').split(',').filter((one) => one !== '');

/** What the search has that the page knows nothing of: an unknown name, or a value that isn't among those allowed. */
export function ignored(search: Search, known: Readonly<Record<string, readonly string[] | null>>): Search {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(search)) {
    if (!(name in known)) {
      found[name] = value;
      continue;
    }
    const allowed = known[name];
    if (!allowed) continue;
    const wrong = alternatives(value).filter((one) => !allowed.includes(one));
    if (wrong.length > 0) found[name] = wrong.join(',');
  }
  return found;
}

/** Where to go after signing in: a path of this site, never another's. */
export function safeNext(next: string | undefined): string {
  if (next === undefined || !next.startsWith('/')) return '/';
  try {
    const url = new URL(next, location.origin);
    const isOurs = url.origin === location.origin && !url.pathname.startsWith('//');
    return isOurs && url.pathname !== '/login' ? `${url.pathname}${url.search}${url.hash}` : '/';
  } catch {
    return '/';
  }
}
