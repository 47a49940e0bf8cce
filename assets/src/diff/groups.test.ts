import { expect, it } from 'vitest';
import { compare } from './compare';
import { groupsOf, itemsOf, rowAt } from './groups';

const rows = compare(
  {
    '/tags/Owner': { expected: 'a', actual: 'b', change: 'changed', sensitive: false },
    '/tags/Team': { expected: null, actual: 'b', change: 'added', sensitive: false },
    '/size': { expected: 1, actual: 2, change: 'changed', sensitive: false },
  },
  { ami: 'x', id: 'i-1', disk: { a: 1, b: 2 }, size: 1, tags: { Env: 'prod', Owner: 'a' } },
  { ami: 'x', id: 'i-1', disk: { a: 1, b: 2 }, size: 2, tags: { Env: 'prod', Owner: 'b', Team: 'b' } },
);
const names = (withSame: boolean, isOpen: boolean) =>
  itemsOf(groupsOf(rows), withSame, () => isOpen).map((item) =>
    item.kind === 'group' ? `${item.group.name} (${item.rows})` : item.row.id,
  );

it('rows are grouped by their top attribute, what differs first', () => {
  expect(names(false, true)).toEqual(['/size', 'tags (2)', '/tags/Owner', '/tags/Team']);
  expect(names(true, true)).toEqual([
    '/size',
    'tags (3)',
    '/tags/Env',
    '/tags/Owner',
    '/tags/Team',
    '/ami',
    'disk (2)',
    '/disk/a',
    '/disk/b',
    '/id',
  ]);
  expect(names(true, false)).toEqual(['/size', 'tags (3)', '/ami', 'disk (2)', '/id']);
});

it('groups count what they hold', () => {
  expect(groupsOf(rows)[1]).toMatchObject({ name: 'tags', counts: { added: 1, removed: 0, changed: 1, same: 1 } });
});

it('a pointer names a row, or the first below it', () => {
  expect(rowAt(rows, '/tags/Owner')?.id).toBe('/tags/Owner');
  expect(rowAt(rows, '/disk')?.id).toBe('/disk/a');
  expect(rowAt(rows, '/tag')).toBeUndefined();
});
