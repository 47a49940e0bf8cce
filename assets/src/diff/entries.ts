import { isJson, isObject, type Json } from './json';

/** One place that differs, as the server tells it. */
export interface Entry {
  pointer: string;
  expected: Json;
  actual: Json;
  change: 'added' | 'removed' | 'changed';
  isSensitive: boolean;
}

/** Reads a drift's `difference`: `{"/tags/Owner": {expected, actual, change, sensitive}}`. */
export function entriesOf(difference: unknown): Entry[] {
  if (!isJson(difference) || !isObject(difference)) return [];
  return Object.entries(difference).flatMap(([pointer, told]) => {
    if (!isObject(told)) return [];
    const { expected = null, actual = null, change, sensitive } = told;
    const word = change === 'added' || change === 'removed' ? change : 'changed';
    // What isn't plainly said to be harmless is not shown.
    return [{ pointer, expected, actual, change: word, isSensitive: sensitive !== false }];
  });
}
