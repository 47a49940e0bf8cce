import { describe, expect, it } from 'vitest';
import { waitMs } from './backoff';
import { outdatedBy } from './refetch';

describe('waiting to connect again', () => {
  it('doubles from one second to thirty', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 50].map((failures) => waitMs(failures, 0))).toEqual([
      1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000,
    ]);
  });

  it('is spread by chance, so that not all come back at once', () => {
    expect(waitMs(3, 1)).toBe(3_000);
    expect(waitMs(3, 0.5)).toBe(3_500);
  });
});

describe('an event', () => {
  const heads = (name: string) => outdatedBy({ id: 1, name, data: { id: 'x' } }).map((key) => key.join('/'));

  it('outdates the drift it names, and never the rows of a list', () => {
    expect(heads('drift:approved')).toContain('drifts/one/x');
    expect(heads('drift:approved')).toContain('drifts/timeline/x');
    for (const name of ['drift:created', 'drift:resolved', 'scan:finished']) {
      expect(heads(name)).not.toContain('drifts');
      expect(heads(name)).not.toContain('drifts/page');
    }
  });

  it('outdates what counts it', () => {
    expect(heads('alert:read')).toContain('alerts');
    expect(heads('scan:finished')).toEqual(expect.arrayContaining(['scans', 'workspaces', 'metrics']));
    expect(heads('something:new')).toEqual([]);
  });
});
