import { expect, it } from 'vitest';
import { periodOf } from './period';

it('knows three periods, and takes 30 days for anything else', () => {
  expect(periodOf('7')).toBe('7');
  expect(periodOf('90')).toBe('90');
  for (const other of [undefined, '30', '31', '0', 'week']) expect(periodOf(other)).toBe('30');
});
