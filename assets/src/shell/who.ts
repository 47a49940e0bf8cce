import { useQuery } from '@tanstack/react-query';
import { api, data } from '../api/client';
import { type Account, session } from '../api/session';
import { connection } from '../live/live';
import { connectionText } from '../text';
import { useCell } from '../useCell';

/** Who is signed in. Inside the shell there always is somebody. */
export function useAccount(): Account {
  const now = useCell(session);
  if (!('user' in now)) throw new Error('nobody is signed in');
  return now.user;
}

/** One's own account with its settings, as the server knows it now. */
export function useMe() {
  return useQuery({ queryKey: ['me'], queryFn: ({ signal }) => data(api.GET('/api/v1/users/me', { signal })) });
}

/** What the role allows. The server decides; this keeps what it would refuse from being offered. */
export function useMay(): { decide: boolean; administer: boolean } {
  const { role } = useAccount();
  const known = useMe().data?.role ?? role;
  return { decide: known === 'engineer' || known === 'admin', administer: known === 'admin' };
}

/** Why nothing can be changed just now; `undefined` when it can. Buttons that write take it as `title` and go off. */
export function useWriteBlock(): string | undefined {
  return useCell(connection).state === 'down' ? connectionText.writesOff : undefined;
}
