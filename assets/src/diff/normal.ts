import { documentIn, Exact, isContainer, isList, isObject, type Json } from './json';

/*
 * What counts as the same, as the server sees it: `null`, `""`, `[]`, `{}` and an absent member; `1` and `1.0`; lists
 * in another order; a document in a string, however it is written; ARNs in another case.
 */

/** How deep a document may stand in a string in a document in a string. */
const MAX_DOCUMENTS = 3;

const known = new WeakMap<object, string>();

/** A text that is equal for values that count as the same, and for no others. Empty for what counts as absent. */
export function normal(value: Json | undefined, documents = 0): string {
  if (value === undefined || value === null || value === '') return '';
  if (isContainer(value)) {
    const found = documents === 0 ? known.get(value) : undefined;
    if (found !== undefined) return found;
    const made = isList(value) ? normalList(value, documents) : normalObject(value, documents);
    if (documents === 0) known.set(value, made);
    return made;
  }
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (typeof value === 'string') return normalText(value, documents);
  return `n${decimal(String(value))}`;
}

/** Whether two values count as the same. */
export function isAlike(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (typeof a === 'number' && typeof b === 'number') return false;
  return normal(a) === normal(b);
}

/** Whether it counts as absent, such as `null` and `""`. */
export const isNothing = (value: Json | undefined): boolean =>
  value === undefined || value === null || value === '' || (isContainer(value) && normal(value) === '');

function normalList(list: readonly Json[], documents: number): string {
  if (list.length === 0) return '';
  const items = list.map((item) => normal(item, documents)).sort();
  return `[${items.map(measured).join('')}`;
}

function normalObject(value: Json, documents: number): string {
  if (!isObject(value)) return '';
  const members = Object.entries(value)
    .map(([key, item]) => [key, normal(item, documents)] as const)
    .filter(([, text]) => text !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return members.length === 0 ? '' : `{${members.map(([key, text]) => measured(key) + measured(text)).join('')}`;
}

/** With its length before it, so that two texts side by side can't be taken for two others. */
const measured = (text: string): string => `${text.length}:${text}`;

function normalText(text: string, documents: number): string {
  const inside = documents < MAX_DOCUMENTS ? documentIn(text) : undefined;
  if (inside !== undefined) return `j${normal(inside, documents + 1)}`;
  return /^arn:/i.test(text) ? `s${text.toLowerCase()}` : `s${text}`;
}

/** A number's digits without zeros at either end, and the power of ten of the last one. */
function decimal(text: string): string {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (match === null) return text;
  const [, sign = '', whole = '', fraction = '', power = '0'] = match;
  const digits = `${whole}${fraction}`;
  const trimmed = digits.replace(/0+$/, '');
  const significant = trimmed.replace(/^0+/, '');
  if (significant === '') return '0';
  return `${sign}${significant}e${BigInt(power) - BigInt(fraction.length) + BigInt(digits.length - trimmed.length)}`;
}

/** How many leaves two values share, and of how many. */
export function likeness(a: Json | undefined, b: Json | undefined): number {
  if (a === undefined || b === undefined || isNothing(a) || isNothing(b)) return 0;
  if (isAlike(a, b)) return leaves(a);
  if (isObject(a) && isObject(b)) {
    return Object.entries(a).reduce(
      (sum, [key, item]) => sum + likeness(item, Object.hasOwn(b, key) ? b[key] : undefined),
      0,
    );
  }
  if (!isList(a) || !isList(b)) return 0;
  const left = new Map<string, number>();
  for (const item of b) left.set(normal(item), (left.get(normal(item)) ?? 0) + 1);
  return a.reduce<number>((sum, item) => {
    const rest = left.get(normal(item)) ?? 0;
    if (rest === 0) return sum;
    left.set(normal(item), rest - 1);
    return sum + leaves(item);
  }, 0);
}

/** How many leaves a value has, those that count as absent aside. */
export function leaves(value: Json): number {
  if (isList(value)) return value.reduce<number>((sum, item) => sum + leaves(item), 0);
  if (isObject(value)) return Object.values(value).reduce<number>((sum, item) => sum + leaves(item), 0);
  return value instanceof Exact || (value !== null && value !== '') ? 1 : 0;
}
