import { type ComponentType, lazy } from 'react';
import { Route, Switch } from 'wouter';
import { NotFound } from './shell/Failures';
import { Shell } from './shell/Shell';
import { SignInPage } from './sign_in/SignInPage';

/* Every URL, on one screen. Each page is a file of its own that is fetched when it is first shown. */

type Load = () => Promise<{ default: ComponentType }>;

const LOADS: Readonly<Record<string, Load>> = {
  '/': async () => ({ default: (await import('./dashboard/DashboardPage')).DashboardPage }),
  '/drifts': async () => ({ default: (await import('./drifts/DriftsPage')).DriftsPage }),
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

const PAGES = Object.entries(LOADS).map(([path, load]) => ({ path, Page: lazy(load) }));

/** Begins to fetch the page of an address, while it is still being found out who is there. */
export function fetchPage(pathname: string): void {
  const [, first = '', second] = pathname.split('/');
  const load = LOADS[pathname] ?? (second ? LOADS[`/${first}/:id`] : undefined);
  // Where it fails, showing the page fails again and says so.
  load?.().catch(() => {});
}

export function Routes() {
  return (
    <Switch>
      <Route path="/login" component={SignInPage} />
      <Route>
        <Shell>
          <Switch>
            {PAGES.map(({ path, Page }) => (
              <Route key={path} path={path}>
                <Page />
              </Route>
            ))}
            <Route component={NotFound} />
          </Switch>
        </Shell>
      </Route>
    </Switch>
  );
}
