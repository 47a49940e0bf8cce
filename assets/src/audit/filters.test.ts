import { expect, it } from 'vitest';
import { auditText } from '../text';
import { ACTIONS, filtersOf, ignoredOf } from './filters';

const ID = '01900000-0000-7000-8000-00000000000f';

it('takes what the API takes', () => {
  const search = { action: 'user_login,user_logout', actorId: ID, from: '2026-11-22T14:03:00Z', cursor: 'AAA' };
  expect(filtersOf(search)).toEqual({ action: 'user_login,user_logout', actorId: ID, from: '2026-11-22T14:03:00Z' });
  expect(ignoredOf(search)).toEqual({});
});

it('names what it would refuse, and leaves it out', () => {
  const search = {
    action: 'user_login,flew',
    actorId: 'me',
    driftId: '',
    from: 'yesterday',
    to: '2026-13-01T00:00:00Z',
  };
  expect(filtersOf(search)).toEqual({ action: 'user_login' });
  expect(ignoredOf({ ...search, seq: '4' })).toEqual({
    action: 'flew',
    actorId: 'me',
    driftId: '',
    from: 'yesterday',
    to: '2026-13-01T00:00:00Z',
    seq: '4',
  });
});

it('offers every action that has a word, once', () => {
  expect(ACTIONS.toSorted()).toEqual(Object.keys(auditText.actions).toSorted());
});
