import { describe, expect, it } from 'vitest';
import { documentIn, Exact, isJson, isSame, type Json, parseExact, print, typeOf } from './json';

function parsed(text: string): Json {
  const value = parseExact(text);
  if (!isJson(value)) throw new Error('no JSON');
  return value;
}

describe('JSON', () => {
  it('keeps every digit of a number, where the engine tells how it was written', () => {
    const keeps = 'rawJSON' in JSON;
    const value = parsed('[9007199254740993, 1.0, 1.50, 12, 1e400]');
    expect(print(value, 0)).toBe(keeps ? '[9007199254740993,1.0,1.50,12,1e400]' : print(value, 0));
  });

  it('is printed as JSON, with its exact numbers', () => {
    const value = { a: [new Exact('9007199254740993'), null], b: {}, c: [], 'd"': 'x\n' };
    expect(print(value)).toBe(
      '{\n  "a": [\n    9007199254740993,\n    null\n  ],\n  "b": {},\n  "c": [],\n  "d\\"": "x\\n"\n}',
    );
    expect(print(value, 0)).toBe('{"a":[9007199254740993,null],"b":{},"c":[],"d\\"":"x\\n"}');
  });

  it('has types, an exact number being a number', () => {
    expect([null, true, 1, new Exact('1.0'), '', [], {}].map(typeOf)).toEqual([
      'null',
      'boolean',
      'number',
      'number',
      'string',
      'list',
      'object',
    ]);
  });

  it('stands in strings, too', () => {
    expect(documentIn(' {"a": 1}')).toEqual({ a: 1 });
    expect(documentIn('[1]')).toEqual([1]);
    for (const other of ['{a}', '1', '"x"', '', 'x', null, { a: 1 }]) expect(documentIn(other)).toBeUndefined();
  });

  it('is the same whatever the order of members, and not of elements', () => {
    expect(isSame({ a: 1, b: [1, 2] }, { b: [1, 2], a: 1 })).toBe(true);
    expect(isSame([1, 2], [2, 1])).toBe(false);
    expect(isSame({ a: undefined as unknown as Json }, {})).toBe(false);
    expect(isSame(new Exact('1.0'), new Exact('1.0'))).toBe(true);
    expect(isSame(new Exact('1.0'), '1.0')).toBe(false);
    expect(isSame(null, undefined)).toBe(false);
  });
});
