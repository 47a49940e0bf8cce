import { useQuery } from '@tanstack/react-query';
import { api, data } from '../api/client';

/** How many alerts are unread, as one's settings count them. */
export function useUnreadAlerts(): number {
  const answer = useQuery({
    queryKey: ['alerts', 'unread'],
    queryFn: ({ signal }) => data(api.GET('/api/v1/alerts/unread-count', { signal })),
  });
  return answer.data?.count ?? 0;
}
