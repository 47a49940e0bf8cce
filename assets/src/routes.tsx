import { type ComponentType, lazy } from 'react';
import { Route, Switch } from 'wouter';
import { NotFound } from './shell/Failures';
import { Shell } from './shell/Shell';
import { SignInPage } from './sign_in/SignInPage';

/* Every URL, on one screen. Each page is a file of its own that is fetched when it is first shown. */

const PAGES: Readonly<Record<string, ComponentType>> = {
  '/': lazy(async () => ({ default: (await import('./dashboard/DashboardPage')).DashboardPage })),
  '/drifts': lazy(async () => ({ default: (await import('./drifts/DriftsPage')).DriftsPage })),
  '/drifts/:id': lazy(async () => ({ default: (await import('./drifts/DriftPage')).DriftPage })),
  '/alerts': lazy(async () => ({ default: (await import('./alerts/AlertsPage')).AlertsPage })),
  '/workspaces': lazy(async () => ({ default: (await import('./workspaces/WorkspacesPage')).WorkspacesPage })),
  '/workspaces/:id': lazy(async () => ({ default: (await import('./workspaces/WorkspacePage')).WorkspacePage })),
  '/scans/:id': lazy(async () => ({ default: (await import('./scans/ScanPage')).ScanPage })),
  '/audit': lazy(async () => ({ default: (await import('./audit/AuditPage')).AuditPage })),
  '/admin/users': lazy(async () => ({ default: (await import('./users/UsersPage')).UsersPage })),
  '/admin/keys': lazy(async () => ({ default: (await import('./keys/KeysPage')).KeysPage })),
  '/settings': lazy(async () => ({ default: (await import('./settings/SettingsPage')).SettingsPage })),
  '/profile': lazy(async () => ({ default: (await import('./profile/ProfilePage')).ProfilePage })),
};

export function Routes() {
  return (
    <Switch>
      <Route path="/login" component={SignInPage} />
      <Route>
        <Shell>
          <Switch>
            {Object.entries(PAGES).map(([path, Page]) => (
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
