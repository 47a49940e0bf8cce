import { expect, it } from 'vitest';
import { counts } from './difference';

it('counts what differs by the way it does', () => {
  const leaf = (change: string) => ({ change, expected: 1, actual: 2, sensitive: false });
  const difference = { '/a': leaf('added'), '/b': leaf('added'), '/c': leaf('changed'), '/d': leaf('removed') };
  expect(counts(difference)).toEqual({ added: 2, changed: 1, removed: 1 });
});

it('counts nothing of a resource that is gone, or of what it does not know', () => {
  const none = { added: 0, changed: 0, removed: 0 };
  expect(counts({})).toEqual(none);
  expect(counts(null)).toEqual(none);
  expect(counts({ '/a': null, '/b': { change: 'moved' } })).toEqual(none);
});
