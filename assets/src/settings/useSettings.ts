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
    mutationFn: async ({ after }: { before: Settings; after: Settings }) => {
      await data(api.PUT('/api/v1/users/me/settings', { body: after }));
    },
    onError: (_error, { before }) => show(before),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['alerts', 'unread'] }),
    // One change after the other: each sends all settings.
    scope: { id: 'settings' },
  });
  const save = (change: Partial<Settings>) => {
    const before = queries.getQueryData<User>(['me'])?.settings;
    if (before === undefined) return;
    const after = { ...before, ...change };
    // What is on its way does not know of the change yet.
    void queries.cancelQueries({ queryKey: ['me'], exact: true }, { revert: false });
    show(after);
    saving.mutate({ before, after });
  };
  return { me, saving, save };
}

function show(settings: Settings) {
  queries.setQueryData<User>(['me'], (user) => user && { ...user, settings });
  theme.set(settings.theme);
}
