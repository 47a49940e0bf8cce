import { expectAccessible, expectNoSidewaysScroll, ROUTES } from './accessible';
import { ADMIN } from './appliance';
import { expect, signIn, test } from './fixtures';

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
