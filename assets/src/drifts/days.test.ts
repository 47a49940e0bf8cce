import { describe, expect, it } from 'vitest';
import { dayOf, nextDay, startOfDay, startsDay } from './days';

describe('a day of the filter', () => {
  it('begins at midnight of the zone that times are shown in', () => {
    expect(startOfDay('2026-11-22', 'UTC')).toBe('2026-11-22T00:00:00.000Z');
    expect(startOfDay('2026-11-22', 'Europe/Berlin')).toBe('2026-11-21T23:00:00.000Z');
    expect(startOfDay('2026-11-22', 'Asia/Kolkata')).toBe('2026-11-21T18:30:00.000Z');
    expect(startOfDay('2026-11-22', 'Pacific/Auckland')).toBe('2026-11-21T11:00:00.000Z');
  });

  it('knows changes of clocks', () => {
    expect(startOfDay('2026-03-29', 'Europe/Berlin')).toBe('2026-03-28T23:00:00.000Z');
    expect(startOfDay('2026-03-30', 'Europe/Berlin')).toBe('2026-03-29T22:00:00.000Z');
    expect(startOfDay('2026-10-26', 'Europe/Berlin')).toBe('2026-10-25T23:00:00.000Z');
    // In Chile, the clocks go from 24:00 to 1:00.
    expect(startOfDay('2026-09-06', 'America/Santiago')).toBe('2026-09-06T04:00:00.000Z');
  });

  it('is found again from its moment, and ends before the next one', () => {
    const from = startOfDay('2026-11-22', 'Europe/Berlin');
    const to = startOfDay(nextDay('2026-11-30'), 'Europe/Berlin');
    expect(nextDay('2026-11-30')).toBe('2026-12-01');
    expect(dayOf(from, 'Europe/Berlin')).toBe('2026-11-22');
    expect(dayOf(to, 'Europe/Berlin', true)).toBe('2026-11-30');
    expect(startsDay(from, 'Europe/Berlin')).toBe(true);
    expect(startsDay('2026-11-22T08:00:00Z', 'Europe/Berlin')).toBe(false);
  });
});
