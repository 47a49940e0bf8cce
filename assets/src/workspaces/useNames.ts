import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api, data } from '../api/client';

/** How long a pause in typing has to be for what is typed to be asked for. */
const PAUSE_MS = 200;
const SUGGESTED = 20;
const NONE: readonly string[] = [];

/** Names of workspaces that have what is typed in them: suggestions, asked for once they are wanted. */
export function useWorkspaceNames(typed: string, isWanted = true): readonly string[] {
  const [asked, ask] = useState('');
  const name = typed.trim();
  useEffect(() => {
    const timer = setTimeout(() => ask(name), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [name]);
  const found = useQuery({
    queryKey: ['workspaces', 'names', asked],
    queryFn: async ({ signal }) => {
      const query = { limit: SUGGESTED, ...(asked === '' ? {} : { name: asked }) };
      const page = await data(api.GET('/api/v1/workspaces', { params: { query }, signal }));
      return page.items.map((workspace) => workspace.name);
    },
    placeholderData: keepPreviousData,
    enabled: isWanted,
  });
  return found.data ?? NONE;
}
