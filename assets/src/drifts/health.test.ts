import { expect, it } from 'vitest';
import { health } from './EmptyList';

const scanned = (status: 'complete' | 'partial' | 'failed', at: string, silent = false) => ({
  lastScan: { id: at, at, status },
  silent,
});

it('counts as clean only what was scanned whole and in time', () => {
  expect(
    health([
      scanned('complete', '2026-11-22T08:00:00.000Z'),
      scanned('complete', '2026-11-20T08:00:00.000Z', true),
      scanned('failed', '2026-11-22T09:00:00.000Z'),
      { lastScan: null, silent: false },
    ]),
  ).toEqual({ clean: 1, unchecked: 3, last: '2026-11-22T09:00:00.000Z' });
});

it('knows that nothing was ever scanned', () => {
  expect(health([{ lastScan: null, silent: false }])).toEqual({ clean: 0, unchecked: 1, last: null });
});
