import { expect, it } from 'vitest';
import { Exact, type Json } from './json';
import { isAlike, isNothing } from './normal';

it.each<[Json, Json]>([
  [null, ''],
  [[], {}],
  [{ a: null, b: { c: [] } }, null],
  [1, new Exact('1.0')],
  [1, new Exact('10e-1')],
  [100, new Exact('1E+2')],
  [0, new Exact('-0.00e99999999999999999999')],
  [new Exact('9007199254740993'), new Exact('9007199254740993.0')],
  [
    [1, 2, 2],
    [2, 1, new Exact('2.0')],
  ],
  [
    [{ a: 1 }, { b: 2 }],
    [{ b: 2, x: '' }, { a: 1 }],
  ],
  ['{"a": [1, 2]}', '{ "a" : [2, 1], "b": null}'],
  ['arn:aws:iam::1:role/App', 'arn:aws:iam::1:role/app'],
])('%j counts as %j', (a, b) => {
  expect(isAlike(a, b)).toBe(true);
  expect(isAlike(b, a)).toBe(true);
});

it.each<[Json, Json]>([
  [1, '1'],
  [0, null],
  [false, null],
  [new Exact('9007199254740993'), new Exact('9007199254740992')],
  [
    [1, 2],
    [1, 2, 2],
  ],
  [[null], []],
  [-1, 1],
  [1, 10],
  ['{"a": 1}', { a: 1 }],
  ['App', 'app'],
  [{ a: 'bc' }, { ab: 'c' }],
  [['a', 'b'], ['ab']],
])('%j does not count as %j', (a, b) => {
  expect(isAlike(a, b)).toBe(false);
});

it('nothing is what counts as absent', () => {
  expect([undefined, null, '', [], {}, { a: [] }].every(isNothing)).toBe(true);
  expect([0, false, ' ', [null], { a: 0 }].some(isNothing)).toBe(false);
});

it('a deep value costs no more than it is large', () => {
  const deep = (inside: Json) => Array.from({ length: 40 }).reduce<Json>((value) => ({ 'k"\\': [value] }), inside);
  expect(isAlike(deep(1), deep(1))).toBe(true);
  expect(isAlike(deep(1), deep(2))).toBe(false);
});
