import { expect, it } from 'vitest';
import { told } from './useLive';

it('takes from an event what a row shows', () => {
  expect(
    told({
      id: '1',
      status: 'approved',
      severity: 'critical',
      kind: 'missing',
      assignee: null,
      updatedAt: '2026-11-22T08:00:00.000Z',
    }),
  ).toEqual({
    status: 'approved',
    severity: 'critical',
    kind: 'missing',
    assignee: null,
    updatedAt: '2026-11-22T08:00:00.000Z',
  });
});

it('takes nothing that it does not know', () => {
  expect(told({ status: 'undone', severity: 7, kind: 'odd', updatedAt: 0 })).toEqual({});
});
