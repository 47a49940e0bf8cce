import { ADMIN, PASSWORD, VIEWER } from './appliance';
import { expect, signIn, test } from './fixtures';
import { press, tabTo } from './keyboard';

test('whoever isn’t signed in is asked to, and then sees what they wanted', async ({ page }) => {
  await page.goto('/drifts?severity=critical');
  await expect(page).toHaveURL(/\/login\?next=\/drifts%3Fseverity%3Dcritical$/);
  await page.getByLabel('Email').fill(ADMIN);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByLabel('Password').press('Enter');
  await expect(page).toHaveURL(/\/drifts\?severity=critical$/);
  await expect(page.getByRole('heading', { level: 1, name: 'Drifts' })).toBeFocused();
});

test('a refusal doesn’t say whether the email or the password was wrong', async ({ page, appliance, watch }) => {
  const before = appliance.logged;
  watch.allowRefusals('POST /api/v1/auth/login 401');
  const answers: (string | null)[] = [];
  await page.goto('/login');
  for (const email of ['nobody@example.com', ADMIN]) {
    await page.getByLabel('Email').fill(email);
    await page.getByLabel('Password').fill('something else entirely');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByRole('alert')).not.toBeEmpty();
    answers.push(await page.getByRole('alert').textContent());
  }
  expect(answers[0]).toBe(answers[1]);
  // The log tells of both: else no test would see a refusal that is the UI's own fault.
  const login = { method: 'POST', route: '/api/v1/auth/login', status: 401 };
  await expect.poll(() => appliance.refused(before)).toMatchObject([login, login]);
});

test('a reload, a new tab and a sign-out are shared by the browser’s tabs', async ({ page, context }) => {
  await signIn(page, ADMIN);
  await page.reload();
  await expect(page.getByRole('heading', { level: 1, name: 'Dashboard' })).toBeVisible();
  const other = await context.newPage();
  await other.goto('/alerts');
  await expect(other.getByRole('heading', { level: 1, name: 'Alerts' })).toBeVisible();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page).toHaveURL(/\/login$/);
  await expect(other).toHaveURL(/\/login\?next=\/alerts$/);
});

test('a password that somebody else knows is changed first', async ({ page, appliance }) => {
  const admin = await appliance.as(ADMIN);
  const { oneTimePassword } = await admin.call('POST', '/users', {
    email: 'new.hand@brightcart.example',
    role: 'viewer',
  });
  await page.goto('/drifts');
  await page.getByLabel('Email').fill('new.hand@brightcart.example');
  await page.getByLabel('Password').fill(oneTimePassword);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Choose your password' })).toBeVisible();
  await tabTo(page, page.getByLabel('Current password'));
  await page.keyboard.type(oneTimePassword);
  for (const field of ['New password', 'New password again']) {
    await tabTo(page, page.getByLabel(field, { exact: true }));
    await page.keyboard.type('copper lantern drift seven');
  }
  await press(page, page.getByRole('button', { name: 'Change password' }));
  await expect(page.getByRole('heading', { level: 1, name: 'Drifts' })).toBeVisible();
});

test('an administrator resets a password, and its owner chooses a new one', async ({
  page,
  appliance,
  otherBrowser,
}) => {
  const admin = await appliance.as(ADMIN);
  const email = 'forgetful@brightcart.example';
  await admin.call('POST', '/users', { email, role: 'viewer', password: 'a password soon forgotten' });
  await signIn(page, ADMIN, '/admin/users');
  await press(page, page.getByRole('button', { name: `Reset the password of ${email}` }), 120);
  await press(page, page.getByRole('dialog').getByRole('button', { name: 'Reset password' }));
  const secret = page.getByRole('dialog').locator('code, input[readonly]').first();
  await expect(secret).toBeVisible();
  const given = await secret.evaluate((one) => (one instanceof HTMLInputElement ? one.value : (one.textContent ?? '')));
  const other = await otherBrowser(VIEWER);
  await other.getByRole('button', { name: 'Sign out' }).click();
  await other.getByLabel('Email').fill(email);
  await other.getByLabel('Password').fill(given);
  await other.getByRole('button', { name: 'Sign in' }).click();
  await expect(other.getByRole('heading', { level: 1, name: 'Choose your password' })).toBeVisible();
  // Until then nothing else is to be had: another page asks the same, and asks the server for nothing.
  await other.goto('/drifts');
  await expect(other.getByRole('heading', { level: 1, name: 'Choose your password' })).toBeVisible();
});

test('a session that ends while somebody works is taken up again over the page', async ({ page, appliance, watch }) => {
  watch.allowRefusals('GET /api/v1/events 401', 'GET /api/v1/users/me 401', 'POST /api/v1/auth/refresh 401');
  watch.allow(/status of 401/);
  await signIn(page, ADMIN, '/drifts?search=web');
  await expect(page.getByRole('searchbox')).toHaveValue('web');
  const admin = await appliance.as(ADMIN);
  const { items } = await admin.call('GET', '/auth/sessions');
  const browser = items.find(
    (one: { current: boolean; userAgent: string }) => !one.current && /Chrom/.test(one.userAgent),
  );
  await admin.call('DELETE', `/auth/sessions/${browser.id}`);
  const dialog = page.getByRole('dialog', { name: 'Sign in again' });
  await expect(dialog).toBeVisible();
  await expect(dialog.getByLabel('Email')).toHaveValue(ADMIN);
  await dialog.getByLabel('Password').fill(PASSWORD);
  await dialog.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByRole('searchbox')).toHaveValue('web');
});
