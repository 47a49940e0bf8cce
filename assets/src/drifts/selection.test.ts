import { describe, expect, it } from 'vitest';
import { extend, isPicked, NONE, selectMatching, size, sizeOn, toggle, togglePage } from './selection';

const page = (...ids: string[]) => ids.map((id) => ({ id, resourceAddress: `aws_instance.${id}` }));
const first = page('a', 'b', 'c', 'd');
const second = page('e', 'f');

describe('a selection', () => {
  it('survives paging', () => {
    const both = toggle(toggle(NONE, 'b', first), 'f', second);
    expect([size(both), sizeOn(both, first), sizeOn(both, second)]).toEqual([2, 1, 1]);
    expect(both.picked.get('b')).toBe('aws_instance.b');
    expect(size(toggle(both, 'f', second))).toBe(1);
  });

  it('changes nothing in the one before', () => {
    const one = toggle(NONE, 'a', first);
    toggle(one, 'b', first);
    togglePage(one, second);
    expect([...one.picked.keys()]).toEqual(['a']);
    expect(size(NONE)).toBe(0);
  });

  it('goes from the last row that was picked, up or down', () => {
    const down = extend(toggle(NONE, 'b', first), 'd', first);
    expect([...down.picked.keys()]).toEqual(['b', 'c', 'd']);
    expect([...extend(toggle(NONE, 'c', first), 'a', first).picked.keys()].sort()).toEqual(['a', 'b', 'c']);
    // The range goes on from where it began.
    expect(sizeOn(extend(down, 'a', first), first)).toBe(4);
  });

  it('picks one row where a range has no beginning on the page', () => {
    expect([...extend(toggle(NONE, 'e', second), 'c', first).picked.keys()]).toEqual(['e', 'c']);
  });

  it('takes a whole page, and lets it go', () => {
    const some = togglePage(toggle(NONE, 'b', first), first);
    expect(sizeOn(some, first)).toBe(4);
    expect(size(togglePage(togglePage(some, second), first))).toBe(2);
  });

  it('may be all that match', () => {
    const all = selectMatching(togglePage(NONE, first), 1_204);
    expect([size(all), sizeOn(all, second), isPicked(all, 'anything')]).toEqual([1_204, 2, true]);
    expect(size(togglePage(all, second))).toBe(0);
    // Who lets one go keeps the rest of the page: the others that match can't be named.
    expect([...toggle(all, 'e', second).picked.keys()]).toEqual(['f']);
  });
});
