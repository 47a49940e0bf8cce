import type { Piece } from './words';

const LINES = 6;
/** About six lines of a column. */
const LETTERS = 320;
/** What stands before the first mark, where the text has to be cut there. */
const BEFORE = 60;

interface Folded {
  pieces: Piece[];
  isCutBefore: boolean;
  isCutAfter: boolean;
}

/** Where the first mark of a text begins; where the text ends, if it has none. */
export function firstMark(all: readonly Piece[]): number {
  const at = all.findIndex((piece) => piece.isMarked);
  return (at < 0 ? all : all.slice(0, at)).reduce((sum, { text }) => sum + text.length, 0);
}

/**
 * As much of a long text as six lines hold, with `focus` in sight; `null` where all of it fits.
 *
 * Up to the first mark of either, two texts are alike: the same focus keeps both folded at the same place.
 */
export function fold(all: readonly Piece[], focus = firstMark(all)): Folded | null {
  const text = all.map((piece) => piece.text).join('');
  if (end(text, 0) >= text.length) return null;
  const from = start(text, focus);
  const to = end(text, from);
  return { pieces: cut(all, from, to), isCutBefore: from > 0, isCutAfter: to < text.length };
}

/** Where to begin, so that what is at `mark` is in sight. */
function start(text: string, mark: number): number {
  if (mark >= text.length || mark < end(text, 0) - BEFORE) return 0;
  const line = text.lastIndexOf('\n', mark - 1) + 1;
  return whole(text, Math.max(line, mark - BEFORE, 0));
}

function end(text: string, from: number): number {
  let to = from;
  for (let lines = 0; lines < LINES; lines += 1) {
    const next = text.indexOf('\n', to);
    if (next < 0) {
      to = text.length;
      break;
    }
    to = next + 1;
  }
  return whole(text, Math.min(to, from + LETTERS, text.length));
}

/** Not between the two halves of one letter. */
function whole(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff ? at - 1 : at;
}

function cut(all: readonly Piece[], from: number, to: number): Piece[] {
  const found: Piece[] = [];
  let at = 0;
  for (const { text, isMarked } of all) {
    const part = text.slice(Math.max(0, from - at), Math.max(0, to - at));
    if (part !== '') found.push({ text: part, isMarked });
    at += text.length;
  }
  return found;
}
