import { expect, it } from 'vitest';
import { beside, rowsOf, type Turn, type Walk, walkTo } from './neighbours';

/** A list that can change, in pages of two. A cursor names the id that it comes after, gone or not. */
function list(ids: string[]) {
  const order = [...ids];
  let rows = ids;
  const turn: Turn = async (to) => {
    const from =
      'page' in to ? (to.page - 1) * 2 : rows.filter((id) => order.indexOf(id) <= order.indexOf(to.cursor)).length;
    const found = rows.slice(from, from + 2);
    const last = found.at(-1);
    return { ids: found, cursor: last && from + 2 < rows.length ? last : null, total: rows.length };
  };
  return {
    turn,
    without: (...gone: string[]) => {
      rows = rows.filter((id) => !gone.includes(id));
    },
    withFirst: (id: string) => {
      rows = [id, ...rows];
      order.unshift(id);
    },
  };
}

async function walked(id: string, page: number, known: Walk | undefined, turn: Turn) {
  const walk = await walkTo(id, page, 2, known, turn);
  if (walk === null) throw new Error(`${id} is not in the list`);
  const { previous, next, position } = beside(walk, id);
  return { walk, told: [previous && `${previous.id}@${previous.page}`, position, next && `${next.id}@${next.page}`] };
}

it('goes on across the borders of pages, both ways', async () => {
  const { turn } = list(['a', 'b', 'c', 'd', 'e']);
  const first = await walked('a', 1, undefined, turn);
  expect(first.told).toEqual([undefined, 1, 'b@1']);
  const second = await walked('b', 1, first.walk, turn);
  expect(second.told).toEqual(['a@1', 2, 'c@2']);
  const last = await walked('e', 3, undefined, turn);
  expect(last.told).toEqual(['d@2', 5, undefined]);
  expect((await walked('c', 2, undefined, turn)).told).toEqual(['b@1', 3, 'd@2']);
});

it('skips nothing where what was decided has left the list', async () => {
  const { turn, without } = list(['a', 'b', 'c', 'd', 'e']);
  let { walk } = await walked('a', 1, undefined, turn);
  without('a', 'b');
  const { told, walk: after } = await walked('b', 1, walk, turn);
  expect(told).toEqual(['a@1', 2, 'c@2']);
  walk = after;
  expect((await walked('d', 2, walk, turn)).told).toEqual(['c@2', 4, 'e@3']);
});

it('skips nothing on the way back, though rows came or went before', async () => {
  const came = list(['a', 'b', 'c', 'd']);
  const walk: Walk = { ids: ['c', 'd'], firstPage: 2, cursor: null, total: 4, limit: 2 };
  came.withFirst('new');
  expect((await walked('c', 2, walk, came.turn)).told[0]).toBe('b@2');
  const went = list(['a', 'b', 'c', 'd']);
  went.without('b');
  expect((await walked('c', 2, walk, went.turn)).told[0]).toBe('a@1');
  const all = list(['a', 'b', 'c', 'd']);
  all.without('a', 'b');
  expect((await walked('c', 2, walk, all.turn)).told[0]).toBeUndefined();
});

it('looks on the pages beside the one that the link names', async () => {
  const { turn } = list(['a', 'b', 'c', 'd']);
  expect((await walked('c', 1, undefined, turn)).told).toEqual(['b@1', 3, 'd@2']);
  expect(await walkTo('gone', 1, 2, undefined, turn)).toBeNull();
});

it('knows how many rows the list had', () => {
  expect(['50', '100', '0', '101', 'x'].map((limit) => rowsOf({ limit }))).toEqual([50, 100, 25, 25, 25]);
  expect(rowsOf({})).toBe(25);
});
