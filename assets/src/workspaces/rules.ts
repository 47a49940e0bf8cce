/*
 * The server's rules for what a person types here, so that a mistake is told before it is sent. The server decides.
 */

const NAME = /^[a-z0-9]([a-z0-9._/-]*[a-z0-9])?$/;

/** Whether the server would take it as a workspace's name. */
export const isName = (text: string): boolean => text.length <= 128 && NAME.test(text);

const UNITS = { m: 'minute', h: 'hour', d: 'day', w: 'week' } as const;

/** An interval such as `6h`: a number from 1 to 9999 and a unit. */
export interface Interval {
  number: number;
  unit: (typeof UNITS)[keyof typeof UNITS];
}

/** Reads `6h`; null where the server would refuse it. */
export function interval(text: string): Interval | null {
  const [, digits, letter] = /^([0-9]+)([mhdw])$/.exec(text) ?? [];
  const number = Number(digits);
  if (letter === undefined || number < 1 || number > 9_999) return null;
  return { number, unit: UNITS[letter as keyof typeof UNITS] };
}

/** What is wrong with a list of labels, by the number of its line. */
export interface WrongLabel {
  line: number;
  why: 'noEquals' | 'name' | 'word' | 'twice' | 'tooMany';
}

const MOST_LABELS = 32;

/** Reads one `name=word` a line. A word may have `=` in it, and be empty. */
export function readLabels(text: string): Record<string, string> | WrongLabel {
  const found = new Map<string, string>();
  for (const [at, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '') continue;
    const wrong = (why: WrongLabel['why']): WrongLabel => ({ line: at + 1, why });
    const equals = line.indexOf('=');
    if (equals < 0) return wrong('noEquals');
    const name = line.slice(0, equals).trim();
    const word = line.slice(equals + 1).trim();
    if (name === '' || [...name].length > 63) return wrong('name');
    if ([...word].length > 255) return wrong('word');
    if (found.has(name)) return wrong('twice');
    if (found.size === MOST_LABELS) return wrong('tooMany');
    found.set(name, word);
  }
  return Object.fromEntries(found);
}

export const isWrongLabel = (labels: Record<string, string> | WrongLabel): labels is WrongLabel =>
  typeof labels.line === 'number';

/** Writes labels as `readLabels` reads them. */
export const writeLabels = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([name, word]) => `${name}=${word}`)
    .join('\n');
