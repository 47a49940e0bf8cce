import type { ComponentType } from 'react';

/* Every page's code, by its address. Each is a file of its own that is fetched when it is first wanted. */

export interface Loaded {
  default: ComponentType;
  /** Fetches what the page shows first, so that it is drawn once. */
  prepare?: () => Promise<unknown>;
}

export const LOADS: Readonly<Record<string, () => Promise<Loaded>>> = {
  '/': async () => ({ default: (await import('./dashboard/DashboardPage')).DashboardPage }),
  '/drifts': async () => {
    const { DriftsPage, prepare } = await import('./drifts/DriftsPage');
    return { default: DriftsPage, prepare };
  },
  '/drifts/:id': async () => ({ default: (await import('./drifts/DriftPage')).DriftPage }),
  '/alerts': async () => ({ default: (await import('./alerts/AlertsPage')).AlertsPage }),
  '/workspaces': async () => ({ default: (await import('./workspaces/WorkspacesPage')).WorkspacesPage }),
  '/workspaces/:id': async () => ({ default: (await import('./workspaces/WorkspacePage')).WorkspacePage }),
  '/scans/:id': async () => ({ default: (await import('./scans/ScanPage')).ScanPage }),
  '/audit': async () => ({ default: (await import('./audit/AuditPage')).AuditPage }),
  '/admin/users': async () => ({ default: (await import('./users/UsersPage')).UsersPage }),
  '/admin/keys': async () => ({ default: (await import('./keys/KeysPage')).KeysPage }),
  '/settings': async () => ({ default: (await import('./settings/SettingsPage')).SettingsPage }),
  '/profile': async () => ({ default: (await import('./profile/ProfilePage')).ProfilePage }),
};

const loaded = new Map<string, Loaded>();

/** The page of a pattern, where its code is there already. */
export const known = (pattern: string): Loaded | undefined => loaded.get(pattern);

/** Fetches the code of the page of a pattern. */
export async function load(pattern: string): Promise<Loaded> {
  const page = await (LOADS[pattern] as () => Promise<Loaded>)();
  loaded.set(pattern, page);
  return page;
}

/** The pattern of the page at an address; `undefined` where there is none. */
export function patternOf(pathname: string): string | undefined {
  if (pathname in LOADS) return pathname;
  const [, first = '', second, third] = pathname.split('/');
  const pattern = `/${first}/:id`;
  return second && third === undefined && pattern in LOADS ? pattern : undefined;
}
