import { expect, it } from 'vitest';
import { momentOf, wall } from './wall';

const iso = (shown: string, zone: string) => new Date(momentOf(shown, zone) ?? Number.NaN).toISOString();

it('reads what clocks of a zone show', () => {
  expect(iso('2026-11-22T14:03', 'UTC')).toBe('2026-11-22T14:03:00.000Z');
  expect(iso('2026-11-22T14:03', 'Europe/Berlin')).toBe('2026-11-22T13:03:00.000Z');
  expect(iso('2026-07-01T00:00', 'America/New_York')).toBe('2026-07-01T04:00:00.000Z');
  expect(iso('2026-01-01T00:30', 'Asia/Kathmandu')).toBe('2025-12-31T18:45:00.000Z');
  expect(iso('2026-01-01T00:30', 'Pacific/Kiritimati')).toBe('2025-12-31T10:30:00.000Z');
});

it('takes the first of an hour that comes twice, and goes past one that is left out', () => {
  expect(iso('2026-10-25T02:30', 'Europe/Berlin')).toBe('2026-10-25T00:30:00.000Z');
  expect(iso('2026-10-25T03:30', 'Europe/Berlin')).toBe('2026-10-25T02:30:00.000Z');
  expect(iso('2026-03-29T02:30', 'Europe/Berlin')).toBe('2026-03-29T01:30:00.000Z');
  expect(iso('2026-03-29T03:30', 'Europe/Berlin')).toBe('2026-03-29T01:30:00.000Z');
});

it('gives back what it took', () => {
  for (const zone of ['UTC', 'Europe/Berlin', 'America/St_Johns', 'Australia/Lord_Howe']) {
    for (const shown of ['2026-02-28T23:59', '2026-06-15T12:00', '2026-12-31T00:00']) {
      expect(wall(momentOf(shown, zone) ?? 0, zone)).toBe(shown);
    }
  }
});

it('knows what is no time', () => {
  for (const wrong of ['', 'today', '2026-13-01T00:00']) expect(momentOf(wrong, 'UTC')).toBeUndefined();
});
