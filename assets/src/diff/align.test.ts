import { expect, it } from 'vitest';
import { align } from './align';
import type { Json } from './json';

const pairs = (name: string, a: Json[], b: Json[]) =>
  align(name, a, b).pairs.map(
    ({ expected, actual, isMoved }) => `${expected ?? '-'}:${actual ?? '-'}${isMoved ? ' moved' : ''}`,
  );

it('pairs what identifies itself, however little it shares', () => {
  const rule = (from: number, note: string) => ({ protocol: 'tcp', from_port: from, to_port: from, note });
  const [a, b] = [
    [rule(80, 'x'), rule(443, 'y')],
    [rule(443, 'z'), rule(22, 'x')],
  ];
  expect(align('ingress', a, b).identify).toBeDefined();
  expect(pairs('ingress', a, b)).toEqual(['1:0', '-:1', '0:-']);
});

it('pairs by likeness where two have one identity, or one has none', () => {
  const rule = (cidr: string) => ({ protocol: 'tcp', from_port: 443, to_port: 443, cidr });
  expect(align('ingress', [rule('a'), rule('b')], [rule('b')]).identify).toBeUndefined();
  expect(pairs('ingress', [rule('a'), rule('b')], [rule('b')])).toEqual(['1:0', '0:-']);
  expect(align('Statement', [{ Sid: 'A' }, { Effect: 'Allow' }], [{ Sid: 'A' }]).identify).toBeUndefined();
});

it('pairs equal elements first, then blocks by what they share, then scalars in order', () => {
  expect(pairs('x', ['c', 'a', 'b'], ['b', 'd', 'c'])).toEqual(['2:0 moved', '1:1 moved', '0:2']);
  const [a, b] = [
    [
      { n: 1, same: 1, x: 1 },
      { n: 2, same: 2, x: 2 },
    ],
    [{ n: 9 }, { n: 2, same: 2, x: 5 }],
  ];
  expect(pairs('x', a, b)).toEqual(['-:0', '1:1', '0:-']);
  expect(pairs('x', [{ a: 1 }], [{ b: 2 }])).toEqual(['0:0']);
});

it('calls as few elements moved as it can', () => {
  expect(pairs('x', [1, 2, 3, 4], [4, 1, 2, 3])).toEqual(['3:0 moved', '0:1', '1:2', '2:3']);
  expect(pairs('x', [1, 2, 3], [0, 1, 2, 3])).toEqual(['-:0', '0:1', '1:2', '2:3']);
});

it('pairs thousands of blocks in time', () => {
  const list = (salt: number) => Array.from({ length: 2_000 }, (_, at) => ({ id: at * 2 + salt, same: 1 }));
  expect(align('x', list(0), list(1)).pairs).toHaveLength(2_000);
});
