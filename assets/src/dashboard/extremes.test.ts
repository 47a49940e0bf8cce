import { expect, it } from 'vitest';
import { extremes } from './extremes';

it('tells where values begin and end, and between what they stay', () => {
  expect(extremes([3, -1, 7, 5])).toEqual({ first: 3, last: 5, least: -1, most: 7 });
  expect(extremes([])).toEqual({ first: 0, last: 0, least: 0, most: 0 });
});
