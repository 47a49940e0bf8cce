import { useEffect } from 'react';
import { theme } from '../preferences/preferences';
import { useMe } from '../shell/who';

/** The theme follows the person: what they chose elsewhere holds here, too, from when the server tells it. */
export function useOwnTheme(): void {
  const chosen = useMe().data?.settings.theme;
  useEffect(() => {
    if (chosen !== undefined) theme.set(chosen);
  }, [chosen]);
}
