import { memo, useMemo } from 'react';
import type { Row } from '../diff/compare';
import { firstMark } from '../diff/fold';
import { isSame, typeOf } from '../diff/json';
import { toPointer, toText } from '../diff/pointer';
import { showable } from '../diff/showable';
import { markWords, type Piece } from '../diff/words';
import type { DiffLayout } from '../preferences/preferences';
import { diffText } from '../text';
import { Breakable } from '../ui/Breakable';
import { fragment } from '../url/fragment';
import css from './DiffTable.module.css';
import { DiffValue } from './DiffValue';
import { RowMenu } from './RowMenu';

interface Props {
  row: Row;
  layout: DiffLayout;
  isTarget: boolean;
}

/** Texts longer than this are not compared word by word. */
const MAX_MARKED = 200 * 1024;

/** One leaf: what it is called, what became of it, and its two values. */
export const DiffRow = memo(function DiffRow({ row, layout, isTarget }: Props) {
  const { change } = row;
  const path = toText(row.shownPath);
  const pointer = toPointer(row.path);
  const marks = useMemo(() => marksOf(row), [row]);
  const focus = marks && Math.min(firstMark(marks[0]), firstMark(marks[1]));
  const expected = <DiffValue row={row} side="expected" pieces={marks?.[0]} focus={focus} />;
  const actual = <DiffValue row={row} side="actual" pieces={marks?.[1]} focus={focus} />;
  return (
    <tr tabIndex={-1} data-id={row.id} data-change={change} data-target={isTarget || undefined} className={css.row}>
      <th scope="row">
        <div className={css.name}>
          <a href={fragment(pointer)} className={css.path}>
            <bdi>
              <Breakable text={path} />
            </bdi>
          </a>
          <RowMenu row={row} path={path} pointer={pointer} />
        </div>
        <div className={css.notes}>
          <span className={css.change} data-change={change}>
            <span aria-hidden="true">{diffText.signs[change]}</span> {diffText.changes[change]}
          </span>
          <Notes row={row} />
        </div>
      </th>
      {layout === 'split' ? (
        <>
          <td data-label={diffText.expected} data-side="expected">
            {expected}
          </td>
          <td data-label={diffText.actual} data-side="actual">
            {actual}
          </td>
        </>
      ) : (
        <td>
          {linesOf(row).map((side) => (
            <div key={side} className={css.line} data-side={change === 'same' && side === 'actual' ? 'both' : side}>
              <span aria-hidden="true" className={css.sign}>
                {change === 'same' ? ' ' : side === 'expected' ? diffText.signs.removed : diffText.signs.added}
              </span>
              <span className="visually-hidden">{side === 'expected' ? diffText.expected : diffText.actual}: </span>
              <div>{side === 'expected' ? expected : actual}</div>
            </div>
          ))}
        </td>
      )}
    </tr>
  );
});

/** The sides that stand below each other in the unified layout: one is enough where they are the same. */
function linesOf({ change, expected, actual, isSensitive }: Row): ('expected' | 'actual')[] {
  if (change === 'same' && (isSensitive || isSame(expected, actual))) return ['actual'];
  if (change === 'added' && expected === undefined) return ['actual'];
  if (change === 'removed' && actual === undefined) return ['expected'];
  return ['expected', 'actual'];
}

function marksOf({ expected, actual, change }: Row): [Piece[], Piece[]] | undefined {
  if (change !== 'changed' || typeof expected !== 'string' || typeof actual !== 'string') return undefined;
  return expected.length + actual.length > MAX_MARKED ? undefined : markWords(expected, actual);
}

/** What else is to be said of it. */
function Notes({ row }: { row: Row }) {
  const { expected, actual, change, moved } = row;
  const isBoth = expected !== undefined && actual !== undefined && !row.isSensitive;
  const [before, after] = isBoth ? [typeOf(expected), typeOf(actual)] : [];
  const notes = [
    row.element === undefined ? undefined : showable(row.element),
    change === 'changed' && before !== undefined && after !== undefined && before !== after
      ? diffText.typeChange(diffText.types[before], diffText.types[after])
      : undefined,
    moved ? diffText.moved(moved.from, moved.to) : undefined,
    row.isMember ? diffText.member : undefined,
    change === 'same' && !row.isSensitive && !isSame(expected, actual) ? diffText.alike : undefined,
  ];
  return (
    <>
      {notes.map((note) => (note ? <span key={note}>{note}</span> : null))}
      {row.isParsed ? <span title={diffText.parsedTitle}>{diffText.parsed}</span> : null}
    </>
  );
}
