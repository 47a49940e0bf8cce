/* JSON values as they were sent: a number keeps every digit. */

export type Json = null | boolean | number | string | Exact | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** A number that JavaScript's own would change, such as `9007199254740993` or `1.0`: its text. */
export class Exact {
  constructor(readonly text: string) {}
  toString(): string {
    return this.text;
  }
  /** What a plain `JSON.stringify` makes of it: nearly the number. */
  toJSON(): number {
    return Number(this.text);
  }
}

/** What the server writes in place of a secret. */
export const SENSITIVE = '(sensitive)';
/** What it writes where a value is made by applying. */
export const UNKNOWN = '(known after apply)';

/** Parses JSON without losing a digit, where the browser tells how a number was written. */
export function parseExact(text: string): unknown {
  return JSON.parse(text, (_key: string, value: unknown, context?: { source?: string }) => {
    const source = context?.source;
    return typeof value === 'number' && source !== undefined && String(value) !== source ? new Exact(source) : value;
  });
}

/** Whether it is a value that JSON has; what was parsed from it always is. */
export function isJson(value: unknown): value is Json {
  return value === null || ['boolean', 'number', 'string', 'object'].includes(typeof value);
}

export const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Exact);
}

export const isContainer = (value: Json | undefined): value is readonly Json[] | JsonObject =>
  isList(value) || isObject(value);

/** What kind of value it is, as the words for it are named. */
export type Type = 'null' | 'boolean' | 'number' | 'string' | 'list' | 'object';

export function typeOf(value: Json): Type {
  if (value === null) return 'null';
  if (isList(value)) return 'list';
  if (isObject(value)) return 'object';
  if (typeof value === 'boolean') return 'boolean';
  return typeof value === 'string' ? 'string' : 'number';
}

/** A member that the object itself has; nothing that every object inherits. */
export const member = (value: JsonObject, key: string): Json | undefined =>
  Object.hasOwn(value, key) ? value[key] : undefined;

/** Writes it as JSON, over several lines where there is something to indent. */
export function print(value: Json, indent = 2): string {
  return written(value, indent, '\n');
}

function written(value: Json, indent: number, line: string): string {
  if (value instanceof Exact) return value.text;
  if (!isContainer(value)) return JSON.stringify(value);
  const inner = line + ' '.repeat(indent);
  const parts = isList(value)
    ? value.map((item) => written(item, indent, inner))
    : Object.entries(value).map(
        ([key, item]) => `${JSON.stringify(key)}:${indent > 0 ? ' ' : ''}${written(item, indent, inner)}`,
      );
  const [open, close] = isList(value) ? '[]' : '{}';
  if (parts.length === 0) return `${open}${close}`;
  return indent > 0 ? `${open}${inner}${parts.join(`,${inner}`)}${line}${close}` : `${open}${parts.join(',')}${close}`;
}

/** The document that a string holds, such as a policy; `undefined` for any other string. */
export function documentIn(value: Json | undefined): readonly Json[] | JsonObject | undefined {
  if (typeof value !== 'string' || !/^\s*[{[]/.test(value)) return undefined;
  try {
    const parsed = parseExact(value);
    return isJson(parsed) && isContainer(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** Whether two values are the same to the letter, the order of members aside. */
export function isSame(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (a instanceof Exact || b instanceof Exact) return String(a) === String(b) && typeof a === typeof b;
  if (isList(a) && isList(b)) return a.length === b.length && a.every((item, at) => isSame(item, b[at]));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => isSame(member(a, key), member(b, key)));
}
