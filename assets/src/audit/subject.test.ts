import { expect, it } from 'vitest';
import { subjectOf } from './subject';

const nothing = { driftId: null, oldValue: null, newValue: null, details: null };

it('leads to the drift, the scan or the workspace', () => {
  expect(
    subjectOf({
      ...nothing,
      action: 'drift_approved',
      driftId: 'd1',
      newValue: { status: 'approved' },
      details: { resourceAddress: 'aws_instance.a', workspace: 'shop/prod' },
    }),
  ).toEqual({ name: 'aws_instance.a', to: '/drifts/d1' });
  expect(subjectOf({ ...nothing, action: 'scan_received', newValue: { id: 's1', workspace: 'shop/prod' } })).toEqual({
    name: 'shop/prod',
    to: '/scans/s1',
  });
  expect(subjectOf({ ...nothing, action: 'workspace_updated', newValue: { id: 'w1', name: 'a/b' } })).toEqual({
    name: 'a/b',
    to: '/workspaces/w1',
  });
});

it('names what is gone, too, without a way to it', () => {
  expect(subjectOf({ ...nothing, action: 'workspace_deleted', oldValue: { id: 'w1', name: 'a/b' } })).toEqual({
    name: 'a/b',
  });
  expect(subjectOf({ ...nothing, action: 'user_deleted', oldValue: { email: 'a@b.example' } })).toEqual({
    name: 'a@b.example',
  });
});

it('knows a drift by its id where nothing else names it, and that some entries are about nothing', () => {
  expect(subjectOf({ ...nothing, action: 'alert_read', driftId: 'd1' })).toEqual({ name: 'd1', to: '/drifts/d1' });
  expect(subjectOf({ ...nothing, action: 'user_login', details: { sessionId: 's' } })).toBeNull();
});
