import { Fragment, type ReactNode, useState } from 'react';
import type { Row } from '../diff/compare';
import { fold } from '../diff/fold';
import { isContainer, type Json, print, UNKNOWN } from '../diff/json';
import { runs } from '../diff/showable';
import type { Piece } from '../diff/words';
import { diffText } from '../text';
import { Button } from '../ui/Button';
import css from './DiffValue.module.css';
import { saveText } from './saveText';

interface Props {
  row: Row;
  side: 'expected' | 'actual';
  /** A text's words, with those marked that the other side lacks. */
  pieces: readonly Piece[] | undefined;
  /** Where the two sides begin to differ: what is folded, is folded around it. */
  focus: number | undefined;
}

/** Longer texts are not shown whole, but saved. */
const MAX_SHOWN = 200 * 1024;

/** One side's value. What went or came is a deletion or an insertion to those who don't see colours, too. */
export function DiffValue({ row, side, pieces, focus }: Props) {
  const { change, isSensitive } = row;
  const value = row[side];
  if (isSensitive) {
    const isThere = side === 'expected' ? change !== 'added' : change !== 'removed';
    return <em className={css.word}>{isThere ? diffText.sensitive[change] : diffText.absent}</em>;
  }
  if (value === undefined) return <em className={css.word}>{diffText.absent}</em>;
  if (value === UNKNOWN) return <em className={css.word}>{diffText.unknown}</em>;
  const shown = (
    <Text
      value={value}
      pieces={pieces ?? [{ text: textOf(value), isMarked: false }]}
      name={nameOf(row)}
      focus={focus}
    />
  );
  const changes = side === 'expected' ? ['removed', 'changed'] : ['added', 'changed'];
  if (!changes.includes(change)) return shown;
  return side === 'expected' ? <del className={css.change}>{shown}</del> : <ins className={css.change}>{shown}</ins>;
}

const textOf = (value: Json): string => (typeof value === 'string' ? value : print(value));

/** What a value's file is called: the last part of its path. */
const nameOf = ({ path }: Row): string => `${String(path.at(-1) ?? 'value').replace(/[^\w.-]+/g, '_')}.txt`;

function Text({
  value,
  pieces,
  name,
  focus,
}: {
  value: Json;
  pieces: readonly Piece[];
  name: string;
  focus: number | undefined;
}) {
  const [isWhole, showWhole] = useState(false);
  const folded = fold(pieces, focus);
  const length = pieces.reduce((sum, { text }) => sum + text.length, 0);
  const isText = typeof value === 'string';
  const quote = isText ? <span className={css.quote}>"</span> : null;
  const isFolded = folded !== null && !isWhole;
  return (
    <>
      <code className={css.code} data-block={isContainer(value) || undefined}>
        {isFolded && folded.isCutBefore ? '…' : quote}
        {(isFolded ? folded.pieces : pieces).map((piece, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of one text, in its order.
          <Fragment key={at}>{piece.isMarked ? <mark>{shown(piece.text)}</mark> : shown(piece.text)}</Fragment>
        ))}
        {isFolded && folded.isCutAfter ? '…' : quote}
      </code>
      {value === '' ? <em className={css.word}> {diffText.empty}</em> : null}
      {folded !== null && length <= MAX_SHOWN ? (
        <Button
          size="small"
          look="quiet"
          className={css.more}
          onClick={() => showWhole(!isWhole)}
          aria-expanded={isWhole}
        >
          {isWhole ? diffText.showLess : diffText.showAll(length)}
        </Button>
      ) : null}
      {length > MAX_SHOWN ? (
        <Button size="small" look="quiet" className={css.more} onClick={() => saveText(textOf(value), name)}>
          {diffText.download(Math.ceil(length / 1024))}
        </Button>
      ) : null}
    </>
  );
}

/** The text, with what can't be seen as escapes. */
function shown(text: string): ReactNode {
  const parts = runs(text);
  if (parts.every(({ code }) => code === undefined)) return text;
  return parts.map(({ text: part, code }, at) =>
    code === undefined ? (
      part
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text, in its order.
      <span key={at} className={css.escape} title={diffText.hidden(code)}>
        {part}
      </span>
    ),
  );
}
