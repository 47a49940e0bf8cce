import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect } from './fixtures';

/** WCAG 2.2 at level AA, and what axe-core knows to be good beyond it. */
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
/** Every page that names no one thing. */
export const ROUTES = [
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
/** Two of the four have every rule in both themes and at both widths; the others what depends on both together. */
const LOOKS = [
  { theme: 'light', width: 1440, rules: 'all' },
  { theme: 'dark', width: 1440, rules: 'looks' },
  { theme: 'dark', width: 390, rules: 'all' },
  { theme: 'light', width: 390, rules: 'looks' },
] as const;

async function look(page: Page, { theme, width }: (typeof LOOKS)[number]): Promise<void> {
  await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
  await page.setViewportSize({ width, height: 900 });
}

/** The page is there, with nothing still on its way. */
export async function expectLoaded(page: Page): Promise<void> {
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(page.getByText('Loading…')).toHaveCount(0);
}

/** axe-core finds nothing wrong with the page as it is, or with a part of it. */
async function expectAccessible(page: Page, what: string, part: string, rules: 'all' | 'looks') {
  // There are no frames in our pages: the faster way to run it will do.
  const axe = new AxeBuilder({ page }).setLegacyMode(true).include(part);
  const { violations } = await (rules === 'all'
    ? axe.withTags(TAGS)
    : axe.withRules(['color-contrast', 'target-size'])
  ).analyze();
  const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(' | ')}`);
  expect(told, what).toEqual([]);
}

/** The same in both themes and at both widths, and nothing that reaches beyond the window. */
export async function expectAccessibleInAllLooks(page: Page, what: string, part = 'html') {
  for (const one of LOOKS) {
    await look(page, one);
    const told = `${what}, ${one.theme}, ${one.width} px`;
    await expectAccessible(page, told, part, one.rules);
    await expectNoSidewaysScroll(page, told);
  }
}

/** Nothing is wider than the window; tables scroll inside a region of their own. */
export async function expectNoSidewaysScroll(page: Page, what: string) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(over, `${what} scrolls sideways by so many pixels`).toBeLessThanOrEqual(0);
}
