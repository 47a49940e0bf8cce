/*
 * A text may hold letters that can't be seen, or that turn the reading direction of others, so that it reads as
 * something that it isn't. They are written as escapes instead.
 */

// Controls, formats, private and lone ones, and all separators but the plain space; line breaks and tabs stay.
const HIDDEN = /(?![\n\t \u3000])(?:[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Z}\u115f\u1160\u3164\uffa0]|\u034f)/gu;
/** It joins several pictures into one. */
const JOINER = '\u200d';

/** The text with what can't be seen, or turns the direction, as escapes: `\u202e`. */
export function showable(text: string): string {
  return text.replace(HIDDEN, (letter, at: number) => {
    if (letter === JOINER && joins(text, at)) return letter;
    return escaped(letter);
  });
}

/** A stretch of a text: as it is, or one letter that is shown as an escape, with its code (`U+202E`). */
export interface Run {
  text: string;
  code: string | undefined;
}

/** The text in stretches, so that an escape can be told from the same letters typed. */
export function runs(text: string): Run[] {
  const found: Run[] = [];
  let from = 0;
  for (const { 0: letter, index } of text.matchAll(HIDDEN)) {
    if (letter === JOINER && joins(text, index)) continue;
    if (index > from) found.push({ text: text.slice(from, index), code: undefined });
    const code = (letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    found.push({ text: escaped(letter), code: `U+${code}` });
    from = index + letter.length;
  }
  if (from < text.length) found.push({ text: text.slice(from), code: undefined });
  return found;
}

function joins(text: string, at: number): boolean {
  return (
    /(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|\ufe0f)$/u.test(text.slice(Math.max(0, at - 2), at)) &&
    /^\p{Extended_Pictographic}/u.test(text.slice(at + 1, at + 3))
  );
}

function escaped(letter: string): string {
  if (letter === '\r') return '\\r';
  const code = letter.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  return code > 0xffff ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`;
}
