import type { Locator, Page } from '@playwright/test';
import { expect } from './fixtures';

/** Whether an element that has the focus shows it: by itself, or by the frame that stands for it. */
async function showsFocus(wanted: Locator): Promise<boolean> {
  return wanted.evaluate((element) => {
    const framed = [element, element.closest('label'), element.closest('tr')];
    return framed.some((one) => {
      if (!one?.matches(':focus-visible, :focus-within')) return false;
      const { outlineStyle, outlineWidth } = getComputedStyle(one);
      return outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 1;
    });
  });
}

/** Moves the focus by Tab, or Shift+Tab, until it is on what is wanted, as somebody without a mouse does; it has to be visible there. */
export async function tabTo(page: Page, wanted: Locator, most = 90, key = 'Tab'): Promise<void> {
  await expect(wanted).toBeVisible();
  for (let presses = 0; presses < most; presses += 1) {
    if (await wanted.evaluate((element) => element === document.activeElement)) {
      expect(await showsFocus(wanted), 'the focus is visible').toBe(true);
      return;
    }
    await page.keyboard.press(key);
  }
  throw new Error(`Tab did not reach ${wanted}`);
}

/** Goes there by Tab and presses Enter. */
export async function press(page: Page, wanted: Locator, most?: number, key?: string): Promise<void> {
  await tabTo(page, wanted, most, key);
  await page.keyboard.press('Enter');
}
