import { expect, it } from 'vitest';
import { endOf, endState } from './expiry';

const NOW = Date.parse('2026-11-22T12:00:00Z');
const endOfDay = (day: string) => (day === '' ? undefined : Date.parse(`${day}T23:59:59Z`));

it('says when a key is to end', () => {
  expect(endOf('30', '', NOW, endOfDay)).toBe('2026-12-22T12:00:00.000Z');
  expect(endOf('365', '', NOW, endOfDay)).toBe('2027-11-22T12:00:00.000Z');
  expect(endOf('day', '2026-12-01', NOW, endOfDay)).toBe('2026-12-01T23:59:59.000Z');
  expect(endOf('never', '2026-12-01', NOW, endOfDay)).toBeNull();
});

it('tells what has ended from what ends soon', () => {
  expect(endState(null, NOW)).toBe('never');
  expect(endState('2026-11-22T12:00:00Z', NOW)).toBe('over');
  expect(endState('2026-11-30T12:00:00Z', NOW)).toBe('soon');
  expect(endState('2026-12-30T12:00:00Z', NOW)).toBe('far');
});
