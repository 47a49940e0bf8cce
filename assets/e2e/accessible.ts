import type { Page } from '@playwright/test';
import axe from 'axe-core';
import { expect } from './fixtures';

declare global {
  interface Window {
    axe: typeof axe;
  }
}

/** WCAG 2.2 at level AA, and what axe-core knows to be good beyond it. */
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
/** What theme and width decide together. */
const LOOKS_RULES = ['color-contrast', 'target-size'];
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
/** Two of the four try every rule, in both themes and at both widths; the others what theme and width decide together. */
const LOOKS = [
  { theme: 'light', width: 1440, rules: 'all' },
  { theme: 'dark', width: 1440, rules: 'looks' },
  { theme: 'dark', width: 390, rules: 'all' },
  { theme: 'light', width: 390, rules: 'looks' },
] as const;

async function look(page: Page, { theme, width }: (typeof LOOKS)[number]): Promise<void> {
  await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
  await page.setViewportSize({ width, height: 900 });
  // Theme and width are taken up with the next frame.
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
}

/** The page is there, with nothing still on its way. */
export async function expectLoaded(page: Page): Promise<void> {
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(page.getByText('Loading…')).toHaveCount(0);
}

/** axe-core finds nothing wrong with the page as it is, or with a part of it. */
async function expectAccessible(page: Page, what: string, part: string, rules: 'all' | 'looks') {
  // Its code is heavy: each document gets it once.
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source);
  const told = await page.evaluate(
    async ({ part, runOnly }) => {
      const { violations } = await window.axe.run(part, { runOnly, resultTypes: ['violations'] });
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(' | ')}`);
    },
    { part, runOnly: rules === 'all' ? TAGS : LOOKS_RULES },
  );
  expect(told, what).toEqual([]);
}

/** The same in both themes and at both widths, for a whole page in all four looks, and nothing reaches beyond the window. */
export async function expectAccessibleInAllLooks(page: Page, what: string, part = 'html') {
  for (const one of part === 'html' ? LOOKS : LOOKS.filter(({ rules }) => rules === 'all')) {
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
