import { join } from 'node:path';
import type { Locator, Page } from '@playwright/test';
import { expectAccessibleInAllLooks, expectLoaded, expectNoSidewaysScroll, ROUTES } from './accessible';
import { ADMIN, Appliance, type Caller, PASSWORD } from './appliance';
import { expect, signIn, test } from './fixtures';

const SCREENSHOTS = join(import.meta.dirname, 'screenshots/adapted');
const named = (route: string) => route.replaceAll('/', '-').replace(/-$/, '-dashboard');

/** The pages of one thing each. */
async function things(admin: Caller) {
  const [drift] = (await admin.call('GET', '/drifts?status=detected&limit=1&severity=critical')).items;
  const [scan] = (await admin.call('GET', '/scans?limit=1')).items;
  const [workspace] = (await admin.call('GET', '/workspaces?limit=1')).items;
  return { drift: `/drifts/${drift.id}`, workspace: `/workspaces/${workspace.id}`, scan: `/scans/${scan.id}` };
}

/** Where the page can't be told apart from one that has something to show, the test proves nothing. */
const NOTHING: Readonly<Record<string, RegExp>> = {
  '/': /Nothing was scanned yet|No scan|Nothing/,
  '/drifts': /Nothing was scanned yet/,
  '/alerts': /No alert|Nothing/,
  '/workspaces': /No workspace|Nothing/,
  '/admin/keys': /No |Nothing/,
};

test('every page is accessible', async ({ page, appliance }) => {
  test.setTimeout(480_000);
  await page.goto('/login');
  await expectAccessibleInAllLooks(page, 'the sign-in page');
  await signIn(page, ADMIN);
  const { drift, workspace, scan } = await things(await appliance.as(ADMIN));
  for (const route of [...ROUTES, drift, workspace, scan]) {
    await page.goto(route);
    await expectLoaded(page);
    await expectAccessibleInAllLooks(page, route);
  }
});

test('every page that has nothing to show is accessible', async ({ page, watch }) => {
  test.setTimeout(480_000);
  const empty = await Appliance.start('empty');
  watch.allow(/fetched from elsewhere/);
  await page.goto(`${empty.url}/`);
  await page.getByLabel('Email').fill(ADMIN);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Dashboard' })).toBeVisible();
  for (const [route, words] of Object.entries(NOTHING)) {
    await page.goto(`${empty.url}${route}`);
    await expectLoaded(page);
    await expect(page.locator('main').getByText(words).first()).toBeVisible();
    await expectAccessibleInAllLooks(page, `${route} of an empty server`, 'main');
  }
  // What a filter leaves nothing of: the others have at least oneself in them.
  for (const route of ['/drifts?search=no-such-thing', '/audit?action=drift_created', '/alerts?severity=critical']) {
    await page.goto(`${empty.url}${route}`);
    await expectLoaded(page);
    await expectAccessibleInAllLooks(page, `${route} of an empty server`, 'main');
  }
  await page.goto('about:blank');
  await empty.dispose();
});

test('every page that can’t be fetched says so accessibly', async ({ page, appliance, watch }) => {
  test.setTimeout(480_000);
  watch.allow(/status of 500/);
  await signIn(page, ADMIN);
  const { drift, workspace, scan } = await things(await appliance.as(ADMIN));
  await page.route(/\/api\/v1\/(?!auth\/refresh|events)/, (route) =>
    route.fulfill({
      status: 500,
      json: {
        success: false,
        error: {
          code: 'INTERNAL_SERVER_ERROR',
          message: 'Something went wrong in the server. Its log says what.',
          details: null,
          traceId: '0198c0de-0000-7000-8000-00000000000e',
          timestamp: '2026-11-22T08:00:00.000Z',
        },
      },
    }),
  );
  const routes = ROUTES.filter((route) => route !== '/nowhere');
  for (const route of [...routes, drift, workspace, scan]) {
    await page.goto(route);
    await expectLoaded(page);
    await expect(page.getByText('0198c0de-0000-7000-8000-00000000000e').first()).toBeVisible();
    await expectAccessibleInAllLooks(page, `${route} with a failing server`, 'main');
  }
});

test('every dialog and menu is accessible', async ({ page, appliance }) => {
  test.setTimeout(480_000);
  await signIn(page, ADMIN);
  const admin = await appliance.as(ADMIN);
  const { drift, workspace } = await things(admin);
  await admin.call('POST', '/api-keys', { name: 'of dialogs', scope: 'read' });
  const button = (name: string | RegExp) => (page: Page) => page.getByRole('button', { name }).first().click();
  const key = (pressed: string) => (page: Page) => page.keyboard.press(pressed);
  const onRow = (pressed: string) => async (page: Page) => {
    await page.keyboard.press('j');
    await page.keyboard.press(pressed);
  };
  const dialogs: [route: string, opened: (page: Page) => Promise<void>][] = [
    ['/', key('?')],
    ['/drifts?status=detected', onRow('e')],
    ['/drifts?status=detected', onRow('d')],
    [
      '/drifts?status=detected',
      async (page) => {
        await page.keyboard.press('*');
        await page.keyboard.press('r');
      },
    ],
    [drift, key('e')],
    [drift, key('r')],
    [drift, key('t')],
    [drift, key('d')],
    ['/alerts', button(/^Mark all/)],
    ['/workspaces', button('New workspace')],
    [workspace, button('Edit')],
    [workspace, button('Delete')],
    ['/admin/users', button('Add a user')],
    ['/admin/users', button(/^Edit /)],
    ['/admin/users', button(/^Reset the password of/)],
    ['/admin/users', button(/^Delete noor/)],
    ['/admin/keys', button('Make a key')],
    ['/admin/keys', button(/^Revoke /)],
    ['/profile', button('End all others')],
  ];
  for (const [at, [route, opened]] of dialogs.entries()) {
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.goto(route);
    await expectLoaded(page);
    await opened(page);
    await expect(page.getByRole('dialog')).toBeVisible();
    await expectAccessibleInAllLooks(page, `dialog ${at + 1}, of ${route}`, 'dialog[open]');
  }
  const menus: [route: string, menu: string | RegExp][] = [
    ['/drifts', /^Status/],
    ['/drifts', 'More filters'],
    ['/drifts', 'View'],
    ['/drifts', 'Export'],
    ['/alerts', /^Severity/],
    ['/audit', /^Action/],
  ];
  for (const [route, menu] of menus) {
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.goto(route);
    await expectLoaded(page);
    await page.locator('summary').filter({ hasText: menu }).first().click();
    await expectAccessibleInAllLooks(page, `the menu ${menu} of ${route}`, 'details[open]');
  }
  await page.setViewportSize({ width: 390, height: 900 });
  await page.getByRole('button', { name: /^Menu/ }).click();
  await expectAccessibleInAllLooks(page, 'the navigation, opened');
});

test('nothing has to be scrolled sideways at 320 pixels, nor at twice the size', async ({
  page,
  browser,
  appliance,
}) => {
  test.setTimeout(180_000);
  await signIn(page, ADMIN);
  for (const width of [320, 640, 768, 1024, 1920]) {
    await page.setViewportSize({ width, height: 800 });
    for (const route of ROUTES) {
      await page.goto(route);
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
      await expectNoSidewaysScroll(page, `${route} at ${width}`);
    }
  }
  // A window of 1,440 pixels at 200 %, as a browser's own zoom makes it.
  const zoomed = await browser.newContext({
    baseURL: appliance.url,
    storageState: await page.context().storageState(),
    viewport: { width: 720, height: 450 },
    deviceScaleFactor: 2,
  });
  const large = await zoomed.newPage();
  for (const route of ROUTES) {
    await large.goto(route);
    await expectLoaded(large);
    await expectNoSidewaysScroll(large, `${route} at 200 %`);
    await large.screenshot({ path: join(SCREENSHOTS, `zoom${named(route)}.png`) });
  }
  await zoomed.close();
});

test('who forces colours, or wants no motion, is served too', async ({ page }) => {
  test.setTimeout(120_000);
  await signIn(page, ADMIN);
  await page.emulateMedia({ forcedColors: 'active', reducedMotion: 'reduce' });
  for (const route of ROUTES) {
    await page.goto(route);
    await expectLoaded(page);
    const moving = await page.evaluate(() =>
      document.getAnimations().map((one) => (one instanceof CSSAnimation ? one.animationName : String(one))),
    );
    expect(moving, `${route} moves`).toEqual([]);
    await page.screenshot({ path: join(SCREENSHOTS, `forced${named(route)}.png`) });
  }
  // New colours are there at once, in the page and all that is inside of it.
  await page.emulateMedia({ forcedColors: 'none', colorScheme: 'light', reducedMotion: 'reduce' });
  await page.goto('/drifts');
  await expectLoaded(page);
  await page.evaluate(() => {
    const passing: string[] = [];
    document.addEventListener('transitionrun', ({ propertyName, target }) =>
      passing.push(`${propertyName} of ${(target as Element).localName}`),
    );
    Object.assign(window, { passing });
  });
  const ink = () => page.locator('body').evaluate((body) => getComputedStyle(body).color);
  const light = await ink();
  await page.emulateMedia({ forcedColors: 'none', colorScheme: 'dark', reducedMotion: 'reduce' });
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  expect(await page.evaluate(() => (window as unknown as { passing: string[] }).passing)).toEqual([]);
  expect(await ink()).not.toBe(light);
  await page.emulateMedia({ forcedColors: 'active', reducedMotion: 'reduce' });
  // What is chosen, and where the focus is, is seen without our colours.
  await page.goto('/drifts');
  await expectLoaded(page);
  const frame = (one: Locator) => one.evaluate((element) => getComputedStyle(element).outlineStyle);
  const navigation = page.getByRole('navigation', { name: 'Main' });
  expect(await frame(navigation.getByRole('link', { name: 'Drifts' }))).toBe('solid');
  expect(await frame(navigation.getByRole('link', { name: 'Workspaces' }))).toBe('none');
  await page.keyboard.press('j');
  await page.keyboard.press('x');
  const rows = page.locator('tbody tr');
  await expect(rows.nth(0)).toHaveAttribute('data-selected', 'true');
  expect(await frame(rows.nth(0))).toBe('solid');
  expect(await frame(rows.nth(1))).toBe('none');
  expect(await frame(rows.nth(0).getByRole('link'))).toBe('solid');
  await page.screenshot({ path: join(SCREENSHOTS, 'forced-selected.png') });
});
