import { expect, test } from 'vitest';
import { drillOf, lastOf, size } from './backups';

test('the last backup and drill are read from what health says, and nothing from what it does not', () => {
  const facts = {
    lastBackup: { file: 'b.tar.zst', takenAt: '2026-11-22T08:00:00.000Z', bytes: 3_400_000, durationMs: 12 },
    lastBackupDrill: { file: 'b.tar.zst', at: '2026-11-22T09:00:00.000Z', passed: false, durationMs: 9 },
  };
  expect(lastOf(facts)).toEqual({ takenAt: '2026-11-22T08:00:00.000Z', bytes: 3_400_000 });
  expect(drillOf(facts)).toEqual({ at: '2026-11-22T09:00:00.000Z', passed: false });
  for (const nothing of [{}, { lastBackup: null, lastBackupDrill: null }, { lastBackup: {}, lastBackupDrill: [] }]) {
    expect([lastOf(nothing), drillOf(nothing)]).toEqual([undefined, undefined]);
  }
});

test('sizes are short', () => {
  expect([0, 999, 1_000, 3_440_000, 123_456_789, 5e15].map(size)).toEqual([
    '0 B',
    '999 B',
    '1.0 KB',
    '3.4 MB',
    '123 MB',
    '5000 TB',
  ]);
});
