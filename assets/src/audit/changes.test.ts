import { expect, it } from 'vitest';
import { changes, leaves } from './changes';

it('finds what differs, whatever the order of the keys', () => {
  const before = { role: 'viewer', name: null, labels: { a: 'b', team: 'x' } };
  const after = { labels: { team: 'x', a: 'c' }, name: '', role: 'viewer', disabled: true };
  const found = changes(before, after);
  expect(found.changed).toEqual([
    { path: 'name', before: null, after: '' },
    { path: 'labels.a', before: 'b', after: 'c' },
    { path: 'disabled', before: undefined, after: true },
  ]);
  expect(found.same.map(({ path }) => path)).toEqual(['role', 'labels.team']);
});

it('tells an absent value from null, and an empty list from an empty object', () => {
  expect(changes({ a: null }, {}).changed).toEqual([
    { path: 'a', before: null, after: undefined },
    { path: '', before: undefined, after: {} },
  ]);
  expect(changes({ a: [] }, { a: {} }).changed).toHaveLength(1);
});

it('takes nothing at all for no fields', () => {
  expect(changes(null, { email: 'a@b.example' }).changed).toEqual([
    { path: 'email', before: undefined, after: 'a@b.example' },
  ]);
  expect(leaves(null).size).toBe(0);
  expect([...leaves({ a: ['x', { b: 1 }] })]).toEqual([
    ['a.0', 'x'],
    ['a.1.b', 1],
  ]);
});
