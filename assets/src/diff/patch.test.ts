import { describe, expect, it } from 'vitest';
import { isList, isObject, type Json } from './json';
import { type Operation, patchBetween } from './patch';
import { fromPointer } from './pointer';

/** Applies a patch as RFC 6902 says. */
function applied(document: Json, patch: readonly Operation[]): Json {
  let root = structuredClone(document);
  for (const operation of patch) {
    const steps = fromPointer(operation.path);
    const last = steps.pop();
    if (last === undefined) {
      root = 'value' in operation ? operation.value : null;
      continue;
    }
    let parent: Json | undefined = root;
    for (const step of steps)
      parent = isList(parent) ? parent[Number(step)] : isObject(parent) ? parent[step] : undefined;
    if (isList(parent)) {
      const list = parent as Json[];
      const at = last === '-' ? list.length : Number(last);
      if (operation.op === 'remove') list.splice(at, 1);
      else list.splice(at, operation.op === 'replace' ? 1 : 0, operation.value);
    } else if (isObject(parent)) {
      const object = parent as Record<string, Json>;
      if (operation.op === 'remove') delete object[last];
      else object[last] = operation.value;
    } else throw new Error(`nothing at ${operation.path}`);
  }
  return root;
}

describe('a patch', () => {
  it.each<[Json, Json]>([
    [{ a: 1 }, { a: 2 }],
    [
      { a: 1, b: { c: [1, 2, 3], d: null } },
      { b: { c: [3], d: '' }, e: [] },
    ],
    [{ l: [1] }, { l: [1, 2, { x: [1] }] }],
    [{ l: [1, [2, 3], 4, 5] }, { l: [[2]] }],
    [{ 'a/b~c': { '': 1 } }, { 'a/b~c': { '': 2, '-': 3 } }],
    [{ a: 1 }, [1]],
    [{ a: { b: 1 } }, { a: 'b' }],
  ])('makes %j into %j', (a, b) => {
    expect(applied(a, patchBetween(a, b, []))).toEqual(b);
  });

  it('is empty where nothing differs', () => {
    expect(patchBetween({ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }, [])).toEqual([]);
  });

  it('leaves out what is sensitive', () => {
    const a = { password: 'old', port: 1, users: [{ name: 'a', key: 'old' }], user: { name: 'x', key: 'old' } };
    const b = { password: 'new', port: 2, users: [{ name: 'b', key: 'new' }], user: { name: 'y', key: 'new' } };
    const patch = patchBetween(a, b, ['/password', '/users/0/key', '/user/key']);
    expect(patch).toEqual([
      { op: 'replace', path: '/port', value: 2 },
      { op: 'replace', path: '/user/name', value: 'y' },
    ]);
    expect(patchBetween({}, { user: { name: 'a', key: '(sensitive)' } }, [])).toEqual([]);
  });
});
