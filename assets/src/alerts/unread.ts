import { useQuery } from '@tanstack/react-query';
import { api, data } from '../api/client';
import { useMe } from '../shell/who';
import { useCell } from '../useCell';
import { countShown } from './marks';
import { marks } from './reading';

/** How many alerts are unread, as one's settings count them, without those that were marked just now. */
export function useUnreadAlerts(): number {
  const answer = useQuery({
    queryKey: ['alerts', 'unread'],
    queryFn: ({ signal }) => data(api.GET('/api/v1/alerts/unread-count', { signal })),
  });
  const marked = useCell(marks);
  const isCriticalOnly = useMe().data?.settings.criticalAlertsOnly ?? false;
  return countShown(answer.data?.count ?? 0, marked, isCriticalOnly);
}
