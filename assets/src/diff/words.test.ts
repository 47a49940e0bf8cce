import { expect, it } from 'vitest';
import { firstMark, fold } from './fold';
import { markWords, type Piece } from './words';

const marked = (pieces: readonly Piece[]) =>
  pieces.map(({ text, isMarked }) => (isMarked ? `[${text}]` : text)).join('');

it.each([
  ['the quick fox', 'the slow fox', 'the [quick] fox', 'the [slow] fox'],
  ['t3.small', 't3.large', 't3.[small]', 't3.[large]'],
  ['10.0.0.0/8', '0.0.0.0/0', '[10].0.0.0/[8]', '[0].0.0.0/[0]'],
  ['a', 'b', '[a]', '[b]'],
  ['', 'new', '', '[new]'],
  ['same', 'same', 'same', 'same'],
  ['a b c d', 'a c d', 'a [b ]c d', 'a c d'],
])('%j and %j', (before, after, a, b) => {
  const [one, other] = markWords(before, after);
  expect([marked(one), marked(other)]).toEqual([a, b]);
});

it('loses nothing of either text', () => {
  const [before, after] = ['x = {\n  "é": 1,\t"👩🏽‍💻"\n}', 'y = {\n  "e": 1.5\n}'];
  const [a, b] = markWords(before, after);
  expect(a.map((piece) => piece.text).join('')).toBe(before);
  expect(b.map((piece) => piece.text).join('')).toBe(after);
});

it('of texts that share nothing and are long, marks the middle whole', () => {
  const text = (word: string) => `head ${`${word} `.repeat(5_000)}tail`;
  const started = performance.now();
  const [a] = markWords(text('one'), text('two'));
  expect(a.filter((piece) => piece.isMarked)).toHaveLength(1);
  expect(performance.now() - started).toBeLessThan(5_000);
});

const plain = (text: string): Piece[] => [{ text, isMarked: false }];

it('folds what is longer than six lines', () => {
  expect(fold(plain('one\n'.repeat(6)))).toBeNull();
  const folded = fold(plain('one\n'.repeat(7)));
  expect(folded?.pieces).toEqual(plain('one\n'.repeat(6)));
  expect(folded).toMatchObject({ isCutBefore: false, isCutAfter: true });
  expect(fold(plain('x'.repeat(1_000)))?.pieces[0]?.text).toHaveLength(320);
});

it('folds so that the first mark is in sight', () => {
  const lines = Array.from({ length: 200 }, (_, at) => `line ${at}\n`);
  const [a] = markWords(lines.join(''), lines.with(150, 'other\n').join(''));
  const folded = fold(a);
  expect(folded?.isCutBefore).toBe(true);
  expect(folded?.pieces[0]).toEqual({ text: 'line 150', isMarked: true });
});

it('does not cut a letter in two', () => {
  const text = fold(plain('👩'.repeat(1_000)))?.pieces[0]?.text ?? '';
  expect(encodeURIComponent(text)).not.toBe('');
});

it('folds both texts at the same place, though only one has a mark', () => {
  const lines = Array.from({ length: 200 }, (_, at) => `line ${at}\n`);
  const [a, b] = markWords(lines.join(''), lines.toSpliced(150, 0, 'new\n').join(''));
  expect(a.some((piece) => piece.isMarked)).toBe(false);
  const focus = Math.min(firstMark(a), firstMark(b));
  expect(fold(a, focus)?.pieces[0]?.text).toMatch(/^line 149\nline 150\n|^line 150\n/);
  expect(fold(b, focus)?.isCutBefore).toBe(true);
});
