import { memo } from 'react';
import type { Group, Item } from '../diff/groups';
import { showable } from '../diff/showable';
import { count } from '../format/numbers';
import type { DiffLayout } from '../preferences/preferences';
import { diffText } from '../text';
import { DiffRow } from './DiffRow';
import css from './DiffTable.module.css';

interface Props {
  items: readonly Item[];
  layout: DiffLayout;
  address: string;
  /** The row that the URL points at. */
  target: string | undefined;
  onToggle: (group: string, isOpen: boolean) => void;
}

/** Attribute, expected, actual. On a narrow screen the two values stand below the attribute. */
export function DiffTable({ items, layout, address, target, onToggle }: Props) {
  return (
    <table className={css.table} data-layout={layout}>
      <caption className="visually-hidden">{diffText.caption(address)}</caption>
      <thead>
        <tr>
          <th scope="col" className={css.attribute}>
            {diffText.attribute}
          </th>
          {layout === 'split' ? (
            <>
              <th scope="col">
                {diffText.expected} <small>({diffText.expectedBy})</small>
              </th>
              <th scope="col">
                {diffText.actual} <small>({diffText.actualBy})</small>
              </th>
            </>
          ) : (
            <th scope="col">{diffText.both}</th>
          )}
        </tr>
      </thead>
      {parted(items).map((part) => (
        <Part key={part.group.name} part={part} layout={layout} target={target} onToggle={onToggle} />
      ))}
    </table>
  );
}

interface Parted {
  group: Group;
  items: Item[];
}

/** One part for each group. */
function parted(items: readonly Item[]): Parted[] {
  const found: Parted[] = [];
  for (const item of items) {
    const last = found.at(-1);
    if (last?.group === item.group) last.items.push(item);
    else found.push({ group: item.group, items: [item] });
  }
  return found;
}

function Part({ part, layout, target, onToggle }: Pick<Props, 'layout' | 'target' | 'onToggle'> & { part: Parted }) {
  return (
    <tbody>
      {part.items.map((item) =>
        item.kind === 'group' ? (
          <Head
            key="head"
            group={item.group}
            isOpen={item.isOpen}
            columns={layout === 'split' ? 3 : 2}
            onToggle={onToggle}
          />
        ) : (
          <DiffRow key={item.row.id} row={item.row} layout={layout} isTarget={item.row.id === target} />
        ),
      )}
    </tbody>
  );
}

interface HeadProps {
  group: Group;
  isOpen: boolean;
  columns: number;
  onToggle: Props['onToggle'];
}

const Head = memo(function Head({ group, isOpen, columns, onToggle }: HeadProps) {
  const { name, counts, moved } = group;
  return (
    <tr className={css.head}>
      <th colSpan={columns} scope="rowgroup">
        <button type="button" aria-expanded={isOpen} onClick={() => onToggle(name, !isOpen)}>
          <svg viewBox="0 0 8 10" width="8" height="10" aria-hidden="true">
            <path d="M1 1l5 4-5 4" fill="none" stroke="currentColor" strokeWidth="1.8" />
          </svg>
          <bdi>{showable(name)}</bdi>
          {(['added', 'changed', 'removed', 'same'] as const)
            .filter((change) => counts[change] > 0)
            .map((change) => (
              <span key={change} className={css.count} data-change={change}>
                {diffText.signs[change]}
                {count(counts[change])} <span className="visually-hidden">{diffText.changes[change]}</span>
              </span>
            ))}
          {moved > 0 ? <span className={css.count}>{diffText.movedRows(moved)}</span> : null}
        </button>
      </th>
    </tr>
  );
});
