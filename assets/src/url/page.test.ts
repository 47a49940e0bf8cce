import { expect, it } from 'vitest';
import { pageOf } from './page';

it('reads a page number, and takes the first for what is none', () => {
  expect(pageOf('12')).toBe(12);
  for (const wrong of [undefined, '', '0', '-1', '1.5', '1e3', 'two', '9999999999']) expect(pageOf(wrong)).toBe(1);
});
