import { QueryClient } from '@tanstack/react-query';
import { isPassing } from './problem';

/**
 * Everything that was fetched, by keys that begin with the feature's name: `['drifts', 'page', filters]`,
 * `['drifts', 'one', id]`, `['alerts', 'unread']`. The live stream says what of it is no longer true.
 */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      // `navigator.onLine` knows nothing of a server in the same building.
      networkMode: 'always',
      retry: (failures, error) => failures < 2 && isPassing(error),
      retryDelay: (failures) => 500 * 2 ** failures,
    },
    mutations: { networkMode: 'always' },
  },
});
