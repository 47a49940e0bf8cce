import { describe, expect, it } from 'vitest';
import { compare, type Row } from './compare';
import type { Json } from './json';
import { toText } from './pointer';

type Told = Record<string, { expected?: Json; actual?: Json; change?: string; sensitive?: boolean }>;

/** The difference as the server writes it. */
function told(places: Told) {
  return Object.fromEntries(
    Object.entries(places).map(([pointer, one]) => [
      pointer,
      { expected: null, actual: null, change: 'changed', sensitive: false, ...one },
    ]),
  );
}

const side = (value: Json | undefined) => (value === undefined ? 'absent' : JSON.stringify(value));
const line = (row: Row) => `${row.change} ${toText(row.shownPath)}: ${side(row.expected)} → ${side(row.actual)}`;
const lines = (rows: readonly Row[]) => rows.filter((row) => row.change !== 'same').map(line);
const same = (rows: readonly Row[]) => rows.filter((row) => row.change === 'same').map(line);

describe('the rows of a drift', () => {
  it('are what differs, and all else that is the same', () => {
    const rows = compare(
      told({ '/tags/Owner': { expected: 'net', actual: 'ops' } }),
      { name: 'web', tags: { Owner: 'net', Env: 'prod' } },
      { name: 'web', tags: { Owner: 'ops', Env: 'prod' } },
    );
    expect(lines(rows)).toEqual(['changed tags.Owner: "net" → "ops"']);
    expect(same(rows)).toEqual(['same name: "web" → "web"', 'same tags.Env: "prod" → "prod"']);
  });

  it('tell null, empty and absent apart', () => {
    const rows = compare(
      told({
        '/a': { expected: 'x', change: 'removed' },
        '/b': { expected: 'x', change: 'removed' },
        '/c': { expected: 'x', change: 'removed' },
        '/d': { actual: 'x', change: 'added' },
      }),
      { a: 'x', b: 'x', c: 'x', d: null, e: null },
      { a: null, b: '', d: 'x', e: '' },
    );
    expect(lines(rows)).toEqual([
      'removed a: "x" → null',
      'removed b: "x" → ""',
      'removed c: "x" → absent',
      'added d: null → "x"',
    ]);
    expect(same(rows)).toEqual(['same e: null → ""']);
  });

  it('take an added block apart, and leave out what is nothing in it', () => {
    const rule = { protocol: 'tcp', from_port: 22, description: '', cidr_blocks: ['0.0.0.0/0'] };
    const rows = compare(told({ '/rules/0': { actual: rule, change: 'added' } }), { rules: [] }, { rules: [rule] });
    expect(lines(rows)).toEqual([
      'added rules[0].cidr_blocks[0]: absent → "0.0.0.0/0"',
      'added rules[0].from_port: absent → 22',
      'added rules[0].protocol: absent → "tcp"',
    ]);
    expect(rows.find((row) => toText(row.shownPath).endsWith('from_port'))?.patch).toEqual({
      op: 'add',
      path: '/rules/-',
      value: rule,
    });
  });

  it('match rules by their ports and protocol, not by likeness', () => {
    const rule = (port: number, cidr: string) => ({ protocol: 'tcp', from_port: port, to_port: port, cidr });
    const rows = compare(
      // The server paired the rule of port 443 with that of port 8443.
      told({
        '/ingress/0/from_port': { expected: 443, actual: 8443 },
        '/ingress/0/to_port': { expected: 443, actual: 8443 },
        '/ingress/1/cidr': { expected: '10.0.0.0/8', actual: '0.0.0.0/0' },
      }),
      { ingress: [rule(80, '10.0.0.0/8'), rule(443, '10.0.0.0/8')] },
      { ingress: [rule(8443, '10.0.0.0/8'), rule(80, '0.0.0.0/0')] },
    );
    expect(lines(rows)).toEqual([
      'added ingress[0].cidr: absent → "10.0.0.0/8"',
      'added ingress[0].from_port: absent → 8443',
      'added ingress[0].protocol: absent → "tcp"',
      'added ingress[0].to_port: absent → 8443',
      'changed ingress[1].cidr: "10.0.0.0/8" → "0.0.0.0/0"',
      'removed ingress[1].cidr: "10.0.0.0/8" → absent',
      'removed ingress[1].from_port: 443 → absent',
      'removed ingress[1].protocol: "tcp" → absent',
      'removed ingress[1].to_port: 443 → absent',
    ]);
    expect(rows.filter((row) => row.change !== 'same').map((row) => row.element)).toEqual([
      ...Array.from({ length: 4 }, () => 'tcp 8443'),
      'tcp 80',
      ...Array.from({ length: 4 }, () => 'tcp 443'),
    ]);
  });

  it('say of a mere reordering that it moved', () => {
    const [a, b, c] = [{ port: 1 }, { port: 2 }, { port: 3 }];
    const rows = compare(
      told({ '/x': { expected: 1, actual: 2 } }),
      { x: 1, ports: [a, b, c] },
      { x: 2, ports: [c, a, b] },
    );
    expect(lines(rows)).toEqual(['changed x: 1 → 2']);
    expect(rows.filter((row) => row.moved).map((row) => [toText(row.shownPath), row.moved])).toEqual([
      ['ports[0].port', { from: 2, to: 0 }],
    ]);
  });

  it('do not call moved what others only made room for', () => {
    const rows = compare(
      told({ '/list/0': { actual: { n: 0 }, change: 'added' } }),
      { list: [{ n: 1 }, { n: 2 }] },
      { list: [{ n: 0 }, { n: 1 }, { n: 2 }] },
    );
    expect(rows.some((row) => row.moved)).toBe(false);
  });

  it('know only membership of sets', () => {
    const rows = compare(
      told({ '/cidrs/1': { expected: 'b', actual: 'd' } }),
      { cidrs: ['c', 'a', 'b'] },
      { cidrs: ['a', 'd', 'c'] },
    );
    expect(lines(rows)).toEqual(['removed cidrs: "b" → absent', 'added cidrs: absent → "d"']);
    expect(rows.filter((row) => row.change !== 'same').every((row) => row.isMember)).toBe(true);
    expect(rows.map((row) => row.patch).filter(Boolean)).toEqual([
      { op: 'remove', path: '/cidrs/2' },
      { op: 'add', path: '/cidrs/-', value: 'd' },
    ]);
  });

  it('know the place of what changed in place', () => {
    const rows = compare(
      told({ '/command/1': { expected: '80', actual: '8080' } }),
      { command: ['--port', '80', '--quiet'] },
      { command: ['--port', '8080', '--quiet'] },
    );
    expect(lines(rows)).toEqual(['changed command[1]: "80" → "8080"']);
  });

  it('compare the documents in strings as trees', () => {
    const policy = (action: string) =>
      JSON.stringify({
        Statement: [
          { Sid: 'Read', Effect: 'Allow', Action: action },
          { Sid: 'List', Effect: 'Allow' },
        ],
      });
    const rows = compare(
      told({ '/policy': { expected: policy('s3:GetObject'), actual: policy('s3:*') } }),
      { policy: policy('s3:GetObject') },
      { policy: policy('s3:*') },
    );
    expect(lines(rows)).toEqual(['changed policy.Statement[0].Action: "s3:GetObject" → "s3:*"']);
    expect(rows.every((row) => row.isParsed)).toBe(true);
    expect(rows.find((row) => row.change === 'changed')?.patch).toEqual({
      op: 'replace',
      path: '/policy',
      value: policy('s3:*'),
    });
    expect(same(rows)).toHaveLength(4);
  });

  it('tell a change of type', () => {
    const rows = compare(told({ '/port': { expected: '80', actual: 80 } }), { port: '80' }, { port: 80 });
    expect(lines(rows)).toEqual(['changed port: "80" → 80']);
    const other = compare(told({ '/x': { expected: [1], actual: { a: 1 } } }), { x: [1] }, { x: { a: 1 } });
    expect(lines(other)).toEqual(['changed x: [1] → {"a":1}']);
  });

  it('show a resource that stands on one side only', () => {
    const state = { id: 'sg-1', tags: { Owner: 'net' }, empty: null };
    expect(lines(compare({}, state, undefined))).toEqual([
      'removed id: "sg-1" → absent',
      'removed tags.Owner: "net" → absent',
    ]);
    expect(lines(compare({}, undefined, state))).toEqual([
      'added id: absent → "sg-1"',
      'added tags.Owner: absent → "net"',
    ]);
    expect(compare({}, undefined, undefined)).toEqual([]);
  });

  it('go by the difference alone where there are no states', () => {
    const rows = compare(told({ '/a/0/b': { expected: 1, actual: 2 } }), undefined, undefined);
    expect(lines(rows)).toEqual(['changed a[0].b: 1 → 2']);
  });

  it('keep strange keys apart', () => {
    const rows = compare(
      told({ '/tags/a~1b~0c': { expected: 1, actual: 2 }, '/tags/__proto__': { actual: 1, change: 'added' } }),
      JSON.parse('{"tags": {"a/b~c": 1, "0": 5}}'),
      JSON.parse('{"tags": {"a/b~c": 2, "0": 5, "__proto__": 1}}'),
    );
    expect(lines(rows)).toEqual(['added tags.__proto__: absent → 1', 'changed tags["a/b~c"]: 1 → 2']);
    expect(same(rows)).toEqual(['same tags["0"]: 5 → 5']);
    expect(new Set(rows.map((row) => row.id)).size).toBe(rows.length);
  });
});

describe('what is sensitive', () => {
  it('is never shown, not even where the states have it', () => {
    const rows = compare(
      told({
        '/password': { expected: '(sensitive)', actual: '(sensitive)', sensitive: true },
        '/env/vars': { expected: '(sensitive)', actual: '(sensitive)', sensitive: true },
        '/users/1': { actual: '(sensitive)', change: 'added', sensitive: true },
      }),
      { password: 'old-secret', env: { vars: { A: 'old-secret' } }, users: ['ann'], other: '(sensitive)' },
      {
        password: 'new-secret',
        env: { vars: { A: 'new-secret' } },
        users: ['ann', 'new-secret'],
        other: '(sensitive)',
      },
    );
    expect(JSON.stringify(rows)).not.toContain('secret');
    expect(rows.filter((row) => row.isSensitive).map((row) => [toText(row.shownPath), row.change])).toEqual([
      ['env.vars', 'changed'],
      ['other', 'same'],
      ['password', 'changed'],
      ['users[1]', 'added'],
    ]);
    expect(rows.filter((row) => row.isSensitive).every((row) => row.patch === null)).toBe(true);
  });

  it('keeps a list from being matched anew', () => {
    const rows = compare(
      told({ '/tags/0/value': { expected: '(sensitive)', actual: '(sensitive)', sensitive: true } }),
      {
        tags: [
          { key: 'a', value: 'one-secret' },
          { key: 'b', value: '2' },
        ],
      },
      {
        tags: [
          { key: 'a', value: 'new-secret' },
          { key: 'b', value: '2' },
        ],
      },
    );
    expect(JSON.stringify(rows)).not.toContain('secret');
    expect(lines(rows)).toEqual(['changed tags[0].value: absent → absent']);
  });

  it('is what the difference does not say to be harmless', () => {
    const rows = compare(
      { '/a': { expected: 'x-secret', actual: 'y-secret', change: 'changed' } },
      undefined,
      undefined,
    );
    expect(JSON.stringify(rows)).not.toContain('secret');
  });
});

it('ten thousand attributes are compared, each at about the same cost', () => {
  const state = (salt: number) =>
    Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`key${at}`, { a: at + salt, b: 'same' }]));
  const [expected, actual] = [state(0), state(1)];
  const difference = told(
    Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`/key${at}/a`, { expected: at, actual: at + 1 }])),
  );
  const started = performance.now();
  expect(lines(compare(difference, expected, actual))).toHaveLength(10_000);
  expect(performance.now() - started).toBeLessThan(15_000);
}, 20_000);
