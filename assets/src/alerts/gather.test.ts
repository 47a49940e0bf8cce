import { expect, it, vi } from 'vitest';
import { gather } from './gather';

const PARTS = [['a1', 'a2', 'a3'], [], ['c1', 'c2', 'c3', 'c4']];

const fetch = vi.fn(async (part: number, cursor: string | null, limit: number) => {
  const from = Number(cursor ?? 0);
  const all = PARTS[part] ?? [];
  const next = from + limit < all.length ? String(from + limit) : null;
  return { items: all.slice(from, from + limit), next };
});

it('goes on with the next part where one ends', async () => {
  const first = await gather(fetch, 3, { part: 0, cursor: null }, 5);
  expect(first).toEqual({ items: ['a1', 'a2', 'a3', 'c1', 'c2'], next: { part: 2, cursor: '2' } });
  const second = await gather(fetch, 3, first.next ?? { part: 0, cursor: null }, 5);
  expect(second).toEqual({ items: ['c3', 'c4'], next: null });
});

it('asks no more than it needs', async () => {
  fetch.mockClear();
  expect(await gather(fetch, 3, { part: 0, cursor: null }, 2)).toEqual({
    items: ['a1', 'a2'],
    next: { part: 0, cursor: '2' },
  });
  expect(fetch.mock.calls).toEqual([[0, null, 2]]);
});
