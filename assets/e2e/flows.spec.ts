import type { Page } from '@playwright/test';
import { ADMIN, ENGINEER, VIEWER } from './appliance';
import { expect, signIn, test } from './fixtures';
import { press, tabTo } from './keyboard';
import { driftPlan } from './plans';

const heading = (page: Page) => page.getByRole('heading', { level: 1 });
const rows = (page: Page) => page.getByRole('region', { name: 'Drifts' }).locator('tbody tr');

test('the one critical drift of a workspace is found, read and approved with the keyboard alone, and others see it', async ({
  page,
  appliance,
  otherBrowser,
}) => {
  const engineer = await appliance.as(ENGINEER);
  const { key } = await (await appliance.as(ADMIN)).call('POST', '/api-keys', { name: 'flows', scope: 'ingest' });
  appliance.push(
    'flows/keyboard',
    driftPlan({ critical: 'aws_security_group.opened', tagged: ['aws_instance.a', 'aws_instance.b'] }),
    key,
  );

  await signIn(page, ENGINEER, '/drifts?workspace=flows/keyboard');
  await expect(rows(page)).toHaveCount(3);
  await page.keyboard.press('/');
  await expect(page.getByRole('searchbox')).toBeFocused();
  await page.keyboard.type('OPENED');
  await expect(rows(page)).toHaveCount(1);
  await expect(page).toHaveURL(/workspace=flows\/keyboard/);
  await expect(page).toHaveURL(/search=OPENED/);

  // The same by filter.
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.press('Delete');
  await expect(rows(page)).toHaveCount(3);
  await press(page, page.locator('summary').filter({ hasText: 'Severity' }));
  await tabTo(page, page.getByRole('checkbox', { name: 'Critical', exact: true }));
  await page.keyboard.press('Space');
  await expect(rows(page)).toHaveCount(1);
  await expect(page).toHaveURL(/severity=critical/);
  await page.keyboard.press('Escape');
  await expect(page.locator('summary').filter({ hasText: 'Severity' })).toBeFocused();

  // Another browser stays on the list.
  const other = await otherBrowser(VIEWER);
  await other.goto('/drifts?workspace=flows/keyboard&severity=critical');
  await expect(rows(other)).toHaveCount(1);
  await expect(rows(other)).toContainText('Detected');

  await page.keyboard.press('j');
  await page.keyboard.press('o');
  await expect(heading(page)).toContainText('aws_security_group.opened');
  await expect(page.getByRole('table').getByText('0.0.0.0/0').first()).toBeVisible();
  await page.keyboard.press('e');
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('reverted to the code');
  await page.keyboard.type('the port was opened by mistake');
  await page.keyboard.press('Control+Enter');
  await expect(dialog).toBeHidden();
  await expect(page.getByText('Approved', { exact: true }).first()).toBeVisible();
  await expect(page.getByText('the port was opened by mistake').first()).toBeVisible();

  await expect(rows(other)).toContainText('Approved');
  const [drift] = (await engineer.call('GET', '/drifts?workspace=flows/keyboard&severity=critical')).items;
  expect(drift).toMatchObject({ status: 'approved', approvedBy: ENGINEER });
});

test('a plan that is pushed arrives without a reload', async ({ page, appliance }) => {
  const { key } = await (await appliance.as(ADMIN)).call('POST', '/api-keys', { name: 'arrival', scope: 'ingest' });
  await signIn(page, VIEWER, '/drifts?workspace=flows/arrival');
  await expect(page.getByText('Loading…')).toHaveCount(0);
  await expect(rows(page)).toHaveCount(0);
  const group = 'aws_security_group.opened';
  appliance.push('flows/arrival', driftPlan({ critical: group, tagged: [] }), key);
  // An empty list fills by itself; rows that are being read don't move.
  await expect(rows(page)).toHaveCount(1);
  appliance.push('flows/arrival', driftPlan({ critical: group, tagged: ['aws_instance.a', 'aws_instance.b'] }), key);
  await page.getByRole('button', { name: /2 new drifts/ }).click();
  await expect(rows(page)).toHaveCount(3);
});

test('alerts are marked read with the keyboard, and that can be taken back', async ({ page, appliance }) => {
  const admin = await appliance.as(ADMIN);
  const unread = async () => (await admin.call('GET', '/alerts/unread-count')).count;
  const before = await unread();
  expect(before).toBeGreaterThan(1);
  await signIn(page, ADMIN, '/alerts');
  await press(page, page.getByRole('button', { name: /^Mark read/ }).first());
  await expect(page.getByRole('region', { name: 'Notifications' }).getByRole('button', { name: 'Undo' })).toBeVisible();
  await page.keyboard.press('z');
  await expect(page.getByRole('region', { name: 'Notifications' }).getByRole('button', { name: 'Undo' })).toBeHidden();
  await page.keyboard.press('j');
  await page.keyboard.press('m');
  await expect.poll(unread, { timeout: 20_000 }).toBe(before - 1);
  await press(page, page.getByRole('button', { name: /Mark all/ }), 90, 'Shift+Tab');
  await press(page, page.getByRole('dialog').getByRole('button', { name: /Mark/ }));
  await expect.poll(unread, { timeout: 20_000 }).toBe(0);
});

test('a key is made with the keyboard and pushes a scan', async ({ page, appliance }) => {
  await signIn(page, ADMIN, '/admin/keys');
  await press(page, page.getByRole('button', { name: 'Make a key' }));
  const dialog = page.getByRole('dialog');
  await tabTo(page, dialog.getByLabel('Name'));
  await page.keyboard.type('browser-made');
  await press(page, dialog.getByRole('button', { name: /Make/ }));
  const key = await page
    .getByRole('dialog')
    .getByText(/dsk_[0-9A-Za-z]{8}_[0-9A-Za-z]{38}/)
    .first()
    .textContent();
  const secret = /dsk_[0-9A-Za-z]{8}_[0-9A-Za-z]{38}/.exec(key ?? '')?.[0] ?? '';
  const printed = appliance.push(
    'flows/made-key',
    driftPlan({ critical: 'aws_security_group.opened', tagged: [] }),
    secret,
  );
  expect(printed).toMatch(/1/);
  await page.goto('/workspaces?name=flows/made-key');
  await expect(page.getByRole('link', { name: 'flows/made-key', exact: true })).toBeVisible();
});

test('an administrator takes a backup along, and it can be put back', async ({ page, appliance }, info) => {
  await signIn(page, ADMIN, '/settings');
  await expect(page.getByText('None yet')).toBeVisible();
  const arriving = page.waitForEvent('download');
  await press(page, page.getByRole('button', { name: 'Download a backup' }));
  const file = info.outputPath((await arriving).suggestedFilename());
  await (await arriving).saveAs(file);
  await expect(page.getByText('handed to the browser').first()).toBeVisible();
  expect(appliance.run(['backup', 'verify', file])).toContain('whole');
  const admin = await appliance.as(ADMIN);
  const { items } = await admin.call('GET', '/audit-logs?action=backup_taken');
  expect(items[0].actorEmail).toBe(ADMIN);
});

test('a server that goes away is said to be away, and nothing is lost', async ({ page, appliance, watch }) => {
  watch.allow(/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_NETWORK|status of 503/);
  watch.allowRefusals('GET /api/v1/events 503');
  await signIn(page, ENGINEER, '/drifts?status=open');
  // A page is drawn little by little.
  await expect(rows(page)).toHaveCount(25);
  const address = (await rows(page).first().getByRole('link').first().getAttribute('title')) ?? '';
  await page.keyboard.press('j');
  await page.keyboard.press('o');
  await expect(heading(page)).toContainText(address);
  await page.keyboard.press('c');
  const comment = page.getByLabel(/Comment/).last();
  await expect(comment).toBeFocused();
  await page.keyboard.type('written while the server was away');
  await appliance.stop('SIGKILL');
  await expect(page.getByText('Connection lost.')).toBeVisible({ timeout: 20_000 });
  await expect(page.getByRole('button', { name: 'Approve' })).toHaveAttribute('aria-disabled', 'true');
  await tabTo(page, page.getByRole('button', { name: 'Try now' }), 150, 'Shift+Tab');
  await appliance.start();
  // It may have come back by itself by now: then there is nothing to press.
  await page.keyboard.press('Enter');
  await expect(page.getByText('Reconnected')).toBeVisible();
  await expect(comment).toHaveValue('written while the server was away');
  await press(page, page.getByRole('button', { name: /^(Comment|Add comment|Send)/ }));
  await expect(page.getByText('written while the server was away')).toBeVisible();
  await heading(page).focus();
  await page.keyboard.press('u');
  await expect(rows(page)).toHaveCount(25);
});

test('a viewer is not offered what would be refused', async ({ page, appliance }) => {
  const viewer = await appliance.as(VIEWER);
  const [drift] = (await viewer.call('GET', '/drifts?status=open&limit=1')).items;
  await signIn(page, VIEWER, `/drifts/${drift.id}`);
  await expect(heading(page)).toContainText(drift.resourceAddress);
  for (const name of ['Approve', 'Reject', 'Triage', 'Resolve', /Comment/]) {
    await expect(page.getByRole('button', { name })).toHaveCount(0);
  }
  await page.keyboard.press('e');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await page.goto('/drifts');
  await expect(rows(page).first()).toBeVisible();
  await expect(page.getByRole('checkbox')).toHaveCount(0);
  const navigation = page.getByRole('navigation', { name: 'Main' });
  for (const name of ['Audit log', 'Users', 'API keys'])
    await expect(navigation.getByRole('link', { name })).toHaveCount(0);
  await page.goto('/admin/users');
  await expect(heading(page)).toHaveText('Not allowed');
  await page.goto('/workspaces');
  await expect(heading(page)).toHaveText('Workspaces');
  await expect(page.getByRole('button', { name: /New workspace|Create/ })).toHaveCount(0);
});

test('by the keyboard alone: sign in, filter, select three, reject with a reason, read the timeline', async ({
  page,
  appliance,
}) => {
  const { key } = await (await appliance.as(ADMIN)).call('POST', '/api-keys', { name: 'keys only', scope: 'ingest' });
  appliance.push(
    'flows/bulk',
    driftPlan({
      critical: 'aws_security_group.opened',
      tagged: ['aws_instance.a', 'aws_instance.b', 'aws_instance.c'],
    }),
    key,
  );
  await page.goto('/drifts?workspace=flows/bulk');
  await tabTo(page, page.getByLabel('Email'));
  await page.keyboard.type(ENGINEER);
  await tabTo(page, page.getByLabel('Password'));
  await page.keyboard.type('tidal omen fjord quartz');
  await page.keyboard.press('Enter');
  await expect(rows(page)).toHaveCount(4);
  await page.keyboard.press('/');
  await page.keyboard.type('aws_instance');
  await expect(rows(page)).toHaveCount(3);
  await tabTo(page, rows(page).first().getByRole('checkbox'));
  await page.keyboard.press('Space');
  await page.keyboard.press('j');
  await page.keyboard.press('x');
  await page.keyboard.press('j');
  await page.keyboard.press('x');
  await expect(page.getByText('3 on this page selected.')).toBeVisible();
  await page.keyboard.press('r');
  await expect(page.getByRole('dialog')).toContainText('3');
  await page.keyboard.type('the new size is what we want');
  await page.keyboard.press('Control+Enter');
  await expect(page.getByRole('dialog')).toBeHidden();
  await expect(rows(page).first()).toContainText('Rejected');
  await page.keyboard.press('o');
  await expect(page.locator('section', { has: page.getByRole('heading', { name: 'Timeline' }) })).toContainText(
    'the new size is what we want',
  );
});
