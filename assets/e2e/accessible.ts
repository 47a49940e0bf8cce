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

/** axe-core finds nothing wrong with the page as it is. */
export async function expectAccessible(page: Page, what: string) {
  const { violations } = await new AxeBuilder({ page }).withTags(TAGS).analyze();
  const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(' | ')}`);
  expect(told, what).toEqual([]);
}

/** Nothing is wider than the window; tables scroll inside a region of their own. */
export async function expectNoSidewaysScroll(page: Page, what: string) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(over, `${what} scrolls sideways by so many pixels`).toBeLessThanOrEqual(0);
}
