import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { fillWithAbsurdities } from './absurd';
import { ADMIN, Appliance, PASSWORD } from './appliance';
import { expect, signIn, test } from './fixtures';

const folder = join(import.meta.dirname, 'screenshots');
const LOOKS = [
  { theme: 'light', width: 1440 },
  { theme: 'dark', width: 1440 },
  { theme: 'light', width: 390 },
  { theme: 'dark', width: 390 },
] as const;
const PAGES = [
  '/',
  '/drifts',
  '/alerts',
  '/workspaces',
  '/audit',
  '/admin/users',
  '/admin/keys',
  '/settings',
  '/profile',
  '/nowhere',
];

async function shoot(page: Page, data: string, routes: Record<string, string>, base = '') {
  for (const { theme, width } of LOOKS) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    await page.setViewportSize({ width, height: 900 });
    for (const [name, route] of Object.entries(routes)) {
      await page.goto(`${base}${route}`);
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
      await expect(page.getByText('Loading…')).toHaveCount(0);
      await page.screenshot({
        path: join(folder, data, `${name}-${theme}-${width}.png`),
        fullPage: true,
        animations: 'disabled',
      });
    }
  }
}

const named = (routes: string[]) =>
  Object.fromEntries(routes.map((route) => [route.slice(1).replaceAll('/', '-') || 'dashboard', route]));

test('screenshots of every page with a month of drift', async ({ page, appliance, watch }) => {
  watch.allowRefusals('GET /api/v1/drifts/{id} 404', 'GET /api/v1/drifts/{id}/timeline 404');
  test.setTimeout(300_000);
  await page.goto('/login');
  await page.screenshot({ path: join(folder, 'realistic/login.png') });
  await signIn(page, ADMIN);
  const admin = await appliance.as(ADMIN);
  const [drift] = (await admin.call('GET', '/drifts?status=open&severity=critical&kind=modified&limit=1')).items;
  const [workspace] = (await admin.call('GET', '/workspaces?limit=1')).items;
  const [scan] = (await admin.call('GET', '/scans?status=complete&limit=1')).items;
  const [failed] = (await admin.call('GET', '/scans?status=failed&limit=1')).items;
  const more = {
    drift: `/drifts/${drift.id}`,
    workspace: `/workspaces/${workspace.id}`,
    scan: `/scans/${scan.id}`,
    'failed-scan': `/scans/${failed.id}`,
  };
  await shoot(page, 'realistic', {
    ...named(PAGES),
    ...more,
    'nothing-matches': '/drifts?search=no-such-thing',
    'not-found': `/drifts/${workspace.id}`,
  });
});

test('screenshots of every page of a new server', async ({ page, watch }) => {
  test.setTimeout(300_000);
  const empty = await Appliance.start('empty');
  watch.allow(/fetched from elsewhere/);
  await page.goto(`${empty.url}/`);
  await page.getByLabel('Email').fill(ADMIN);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Dashboard' })).toBeVisible();
  await shoot(page, 'empty', named(PAGES), empty.url);
  await page.goto('about:blank');
  await empty.dispose();
});

test('screenshots of what is too long, too many, or written the other way', async ({ page, watch }) => {
  test.setTimeout(300_000);
  const absurd = await Appliance.start('empty');
  watch.allow(/fetched from elsewhere/);
  const ids = await fillWithAbsurdities(absurd);
  await page.goto(`${absurd.url}/`);
  await page.getByLabel('Email').fill(ADMIN);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Dashboard' })).toBeVisible();
  const routes = {
    ...named(['/', '/drifts', '/alerts', '/workspaces', '/audit', '/admin/users']),
    'drift-long': `/drifts/${ids.long}`,
    'drift-policy': `/drifts/${ids.policy}`,
    'drift-many': `/drifts/${ids.many}`,
    workspace: `/workspaces/${ids.workspace}`,
  };
  await shoot(page, 'absurd', routes, absurd.url);
  await page.goto('about:blank');
  await absurd.dispose();
});
