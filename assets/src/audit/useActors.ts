import { useQuery } from '@tanstack/react-query';
import { api, data, type Schemas } from '../api/client';
import { auditText } from '../text';

/** Who can be asked for: people and API keys that there are now. Whoever is gone is found by a row of theirs. */
export function useActors(): { group: string; actors: { id: string; name: string }[] }[] {
  const query = { limit: 100 };
  const people = useQuery({
    queryKey: ['users', 'names'],
    queryFn: ({ signal }) => data(api.GET('/api/v1/users', { params: { query }, signal })),
  });
  const keys = useQuery({
    queryKey: ['keys', 'names'],
    queryFn: ({ signal }) => data(api.GET('/api/v1/api-keys', { params: { query }, signal })),
  });
  const users: readonly Schemas['User'][] = people.data?.items ?? [];
  const machines: readonly Schemas['ApiKey'][] = keys.data?.items ?? [];
  return [
    { group: auditText.people, actors: users.map(({ id, email }) => ({ id, name: email })) },
    { group: auditText.keys, actors: machines.map(({ id, name }) => ({ id, name })) },
  ];
}
