import { VIEWER } from './appliance';
import { expect, signIn, test } from './fixtures';
import { press } from './keyboard';

test.use({ store: { drifts: 10_000 } });

test('the last page of ten thousand drifts', async ({ page, appliance }) => {
  test.setTimeout(180_000);
  const viewer = await appliance.as(VIEWER);
  const { pagination } = await viewer.call('GET', '/drifts?limit=25');
  expect(pagination.total).toBeGreaterThanOrEqual(10_000);
  await signIn(page, VIEWER, '/drifts?status=all&kind=all');
  const rows = page.getByRole('region', { name: 'Drifts' }).locator('tbody tr');
  await expect(rows).toHaveCount(25);
  await press(page, page.getByRole('button', { name: 'Last page' }), 200);
  await expect(page).toHaveURL(new RegExp(`page=${pagination.totalPages}`));
  await expect(rows).toHaveCount(pagination.total - (pagination.totalPages - 1) * 25);
  await expect(page.getByRole('button', { name: 'Next page' })).toBeDisabled();
  await page.reload();
  await expect(rows).toHaveCount(pagination.total - (pagination.totalPages - 1) * 25);
  await page.goBack();
  await expect(rows).toHaveCount(25);
});
