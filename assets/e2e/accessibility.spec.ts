import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { ADMIN } from './appliance';
import { expect, signIn, test } from './fixtures';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const ROUTES = [
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

async function expectAccessible(page: Page, what: string) {
  const { violations } = await new AxeBuilder({ page }).withTags(TAGS).analyze();
  const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(' | ')}`);
  expect(told, what).toEqual([]);
}

/** Nothing is wider than the window; tables scroll inside a region of their own. */
async function expectNoSidewaysScroll(page: Page, what: string) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(over, `${what} scrolls sideways by so many pixels`).toBeLessThanOrEqual(0);
}

for (const theme of ['light', 'dark'] as const) {
  for (const width of [1440, 390]) {
    test(`every page is accessible: ${theme}, ${width} px wide`, async ({ page, appliance }) => {
      test.setTimeout(240_000);
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
      await page.setViewportSize({ width, height: 900 });
      await page.goto('/login');
      await expectAccessible(page, 'the sign-in page');
      await signIn(page, ADMIN);
      const admin = await appliance.as(ADMIN);
      const [drift] = (await admin.call('GET', '/drifts?status=open&limit=1&severity=critical')).items;
      const [scan] = (await admin.call('GET', '/scans?limit=1')).items;
      const [workspace] = (await admin.call('GET', '/workspaces?limit=1')).items;
      const routes = [...ROUTES, `/drifts/${drift.id}`, `/workspaces/${workspace.id}`, `/scans/${scan.id}`];
      for (const route of routes) {
        await page.goto(route);
        await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
        await expect(page.getByText('Loading…')).toHaveCount(0);
        await expectAccessible(page, `${route} in ${theme} at ${width}`);
        await expectNoSidewaysScroll(page, `${route} at ${width}`);
      }
    });
  }
}

test('nothing has to be scrolled sideways at 320 pixels, nor at twice the text size', async ({ page }) => {
  await signIn(page, ADMIN);
  for (const width of [320, 640, 768, 1024, 1920]) {
    await page.setViewportSize({ width, height: 800 });
    for (const route of ROUTES) {
      await page.goto(route);
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
      await expectNoSidewaysScroll(page, `${route} at ${width}`);
    }
  }
});
