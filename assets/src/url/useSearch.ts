import { useCallback, useMemo } from 'react';
import { navigate, useSearch } from 'wouter/use-browser-location';
import { parseSearch, type Search, stringifySearch } from './search';

/** Changes the query string: a name that becomes `undefined` or empty goes away. */
export type ChangeSearch = (changes: Record<string, string | undefined>, how?: 'push' | 'replace') => void;

/**
 * The page's query string, and the way to change it: `change({page: undefined, severity: 'critical'})`. With `replace`
 * it makes no entry in the browser's history, as for each letter of a search.
 */
export function useUrlSearch(): [Search, ChangeSearch] {
  const text = useSearch();
  const search = useMemo(() => parseSearch(text), [text]);
  const change = useCallback<ChangeSearch>((changes, how = 'push') => {
    // The latest, not what was drawn last: two changes may come in one turn.
    const { pathname, search: before, hash } = location;
    navigate(`${pathname}${stringifySearch({ ...parseSearch(before), ...changes })}${hash}`, {
      replace: how === 'replace',
    });
  }, []);
  return [search, change];
}
