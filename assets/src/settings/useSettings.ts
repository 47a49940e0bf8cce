import { useMutation } from '@tanstack/react-query';
import { api, data, type Schemas } from '../api/client';
import { queries } from '../api/queries';
import { theme } from '../preferences/preferences';
import { useMe } from '../shell/who';

type Settings = Schemas['Settings'];
type User = Schemas['User'];

/** One's own settings, and the way to change them: what is chosen shows at once, and goes back where it can't be saved. */
export function useSettings() {
  const me = useMe();
  const saving = useMutation({
    mutationFn: async (change: Partial<Settings>) => {
      const now = queries.getQueryData<User>(['me'])?.settings;
      const body = { criticalAlertsOnly: false, theme: theme.get(), ...now, ...change };
      await data(api.PUT('/api/v1/users/me/settings', { body }));
    },
    onMutate: async (change) => {
      await queries.cancelQueries({ queryKey: ['me'] });
      const before = queries.getQueryData<User>(['me']);
      show(before && { ...before, settings: { ...before.settings, ...change } });
      return before;
    },
    onError: (_error, _change, before) => show(before),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['alerts', 'unread'] }),
    // One change after the other: each sends all settings.
    scope: { id: 'settings' },
  });
  return { me, saving };
}

function show(user: User | undefined) {
  if (user === undefined) return;
  queries.setQueryData(['me'], user);
  theme.set(user.settings.theme);
}
