/** A piece of a text, and whether the other text lacks it. */
export interface Piece {
  text: string;
  isMarked: boolean;
}

/** More comparisons than this are not worth the wait: what lies between the common ends is marked whole. */
const MAX_COMPARED = 1_000_000;

/** Two texts, each in pieces, with the words marked that the other lacks. */
export function markWords(before: string, after: string): [Piece[], Piece[]] {
  const [a, b] = [words(before), words(after)];
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail])
    tail += 1;
  const [inA, inB] = [a.slice(head, a.length - tail), b.slice(head, b.length - tail)];
  const [keptA, keptB] =
    inA.length * inB.length > MAX_COMPARED ? [new Set<number>(), new Set<number>()] : common(inA, inB);
  const side = (all: string[], inside: string[], kept: Set<number>) =>
    pieces(all, (at) => at >= head && at < head + inside.length && !kept.has(at - head));
  return [side(a, inA, keptA), side(b, inB, keptB)];
}

/** Words, numbers, blanks, and each other letter by itself. */
function words(text: string): string[] {
  return text.match(/[\p{L}\p{N}\p{M}]+|\n|[^\S\n]+|[^\p{L}\p{N}\p{M}\s]/gu) ?? [];
}

/** Which of either belong to their longest common subsequence. */
function common(a: readonly string[], b: readonly string[]): [Set<number>, Set<number>] {
  const width = b.length + 1;
  const lengths = new Uint32Array((a.length + 1) * width);
  const at = (row: number, column: number) => lengths[row * width + column] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      lengths[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const [inA, inB] = [new Set<number>(), new Set<number>()];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) {
      inA.add(i);
      inB.add(j);
      i += 1;
      j += 1;
    } else if (at(i + 1, j) >= at(i, j + 1)) i += 1;
    else j += 1;
  }
  return [inA, inB];
}

function pieces(list: readonly string[], isMarked: (at: number) => boolean): Piece[] {
  const found: Piece[] = [];
  for (const [at, text] of list.entries()) {
    const last = found.at(-1);
    if (last !== undefined && last.isMarked === isMarked(at)) last.text += text;
    else found.push({ text, isMarked: isMarked(at) });
  }
  return found;
}
