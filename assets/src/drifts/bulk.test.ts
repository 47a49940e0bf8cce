import { describe, expect, it } from 'vitest';
import { Problem } from '../api/problem';
import { changedTotal, decided, isPossible } from './bulk';

describe('a decision on many', () => {
  it('tells how many match now, where they have become more or fewer', () => {
    const conflict = new Problem(409, 'CONFLICT', 'look again', null, { expectedTotal: 26, total: 27 });
    expect(changedTotal(conflict)).toBe(27);
    expect(changedTotal(new Problem(409, 'CONFLICT', 'approved', null, null))).toBeUndefined();
    expect(changedTotal(new Problem(400, 'VALIDATION_ERROR', 'no', null, { total: 27 }))).toBeUndefined();
    expect(changedTotal(new Error('total'))).toBeUndefined();
  });

  it('is shown at once', () => {
    expect(decided('reject', { reason: 'it may stay' }, 'me', 'now')).toEqual({
      status: 'rejected',
      rejectedAt: 'now',
      rejectedBy: 'me',
      rejectionReason: 'it may stay',
    });
    // Who triages without naming anybody changes nobody's assignment.
    expect(decided('triage', {}, 'me', 'now')).toEqual({ status: 'triaged' });
    expect(decided('resolve', { resolvedHow: 'manual-fix' }, 'me', 'now')).toMatchObject({ resolvedHow: 'manual-fix' });
  });
});

it('a decision is final: only what the server would take is asked', () => {
  const possible = (status: Parameters<typeof isPossible>[1]) =>
    (['triage', 'approve', 'reject', 'resolve'] as const).filter((action) => isPossible(action, status));
  expect(possible('detected')).toHaveLength(4);
  expect(possible('triaged')).toEqual(['approve', 'reject', 'resolve']);
  expect([possible('approved'), possible('rejected')]).toEqual([['resolve'], ['resolve']]);
  expect(possible('resolved')).toEqual([]);
});
