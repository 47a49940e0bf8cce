import { type RefObject, useEffect, useMemo, useRef, useState } from 'react';
import type { Row } from '../diff/compare';
import { countsOf, groupsOf, type Item, itemsOf, rowAt } from '../diff/groups';
import { useFragment } from '../url/fragment';

/** From this many rows on, groups are closed at first. */
const MANY = 500;
/** How many rows are drawn before one asks for more: thousands would make the page slow. */
export const AT_ONCE = 250;
/** How many rows stand before one that was asked for. */
const BEFORE = 25;

/** The part of the rows that is drawn. */
interface Window {
  from: number;
  to: number;
}

const FIRST: Window = { from: 0, to: AT_ONCE };

/** Which rows of a difference are shown, and the way to the others. */
export function useDiffView(rows: readonly Row[], body: RefObject<HTMLElement | null>) {
  const groups = useMemo(() => groupsOf(rows), [rows]);
  const counts = useMemo(() => countsOf(rows), [rows]);
  const [withSame, showSame] = useState(false);
  const [opened, setOpened] = useState<ReadonlyMap<string, boolean>>(new Map());
  const [part, setPart] = useState(FIRST);
  const areOpen = (withSame ? rows.length : rows.length - counts.same) <= MANY;
  const items = useMemo(
    () => itemsOf(groups, withSame, (name) => opened.get(name) ?? areOpen),
    [groups, withSame, opened, areOpen],
  );
  const from = part.from < items.length ? part.from : 0;
  const { place, target } = useTarget(rows, items, { from, to: part.to }, body, {
    reveal: (row) => {
      if (row.change === 'same') showSame(true);
      setOpened((before) => new Map(before).set(String(row.path[0] ?? ''), true));
    },
    moveTo: (at) => setPart({ from: Math.max(0, at - BEFORE), to: at - BEFORE + AT_ONCE }),
  });
  const heads = items.filter((item) => item.kind === 'group');
  const isAllOpen = heads.every((item) => item.isOpen);
  return {
    items: items.slice(from, part.to),
    total: items.length,
    before: from,
    after: Math.max(0, items.length - part.to),
    counts,
    withSame,
    groups: heads.length,
    isAllOpen,
    /** The place that the URL names, and the row that is there. */
    place,
    target,
    toggleSame: () => {
      showSame((was) => !was);
      setPart(FIRST);
    },
    toggle: (name: string, isOpen: boolean) => setOpened((was) => new Map(was).set(name, isOpen)),
    toggleAll: () => {
      setOpened(new Map(groups.map(({ name }) => [name, !isAllOpen])));
      setPart(FIRST);
    },
    showEarlier: () => setPart({ from: Math.max(0, from - AT_ONCE), to: part.to }),
    /** Shows more, and goes to the first of them: where the button was. */
    showMore: () => {
      const first = items.slice(part.to).find((item) => item.kind === 'row');
      setPart({ from, to: part.to + AT_ONCE });
      requestAnimationFrame(() => first && rowOf(body.current, first.row.id)?.focus());
    },
  };
}

/** Goes to the row that the URL names, once each time that it names one. */
function useTarget(
  rows: readonly Row[],
  items: readonly Item[],
  { from, to }: Window,
  body: RefObject<HTMLElement | null>,
  { reveal, moveTo }: { reveal: (row: Row) => void; moveTo: (at: number) => void },
) {
  const place = useFragment();
  const target = useMemo(() => (place.startsWith('/') ? rowAt(rows, place) : undefined), [rows, place]);
  /** The row that is to be gone to. */
  const wanted = useRef<string | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: one goes there when it is asked for, not when the rows change.
  useEffect(() => {
    wanted.current = target?.id ?? null;
    if (target) reveal(target);
  }, [place]);
  useEffect(() => {
    if (wanted.current === null) return;
    const at = items.findIndex((item) => item.kind === 'row' && item.row.id === wanted.current);
    if (at < 0) return;
    if (at < from || at >= to) {
      moveTo(at);
      return;
    }
    const row = rowOf(body.current, wanted.current);
    if (!row) return;
    wanted.current = null;
    row.scrollIntoView({ block: 'center' });
    row.focus({ preventScroll: true });
  });
  return { place: place.startsWith('/') ? place : null, target };
}

const rowOf = (body: HTMLElement | null, id: string) =>
  body?.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"]`);
