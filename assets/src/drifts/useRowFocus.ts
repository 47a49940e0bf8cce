import { type RefObject, useEffect, useMemo, useRef } from 'react';
import type { Row } from './rows';

export interface RowFocus {
  /** The row that has the focus: its link, or its checkbox. */
  current: () => Row | undefined;
  /** The row that had it last. */
  last: () => Row | undefined;
  /** Goes so many rows on, from the one that has or last had the focus. */
  move: (step: number) => void;
  /** Focuses the row with the id, or the first one; the table where there is none. */
  to: (id: string | undefined) => void;
  /** The row after one, or before it where it is the last. */
  beside: (id: string) => Row | undefined;
}

/** Where the keyboard is among the rows, by their links: they scroll into sight, and Enter opens them. */
export function useRowFocus(table: RefObject<HTMLElement | null>, rows: readonly Row[]): RowFocus {
  const latest = useRef(rows);
  latest.current = rows;
  /** Which row had the focus last, where it stood, and whether it has it still. */
  const last = useRef({ id: '', at: -1, isHeld: false });

  useEffect(() => {
    const idOf = (target: EventTarget | null) =>
      target instanceof Element ? target.closest<HTMLElement>('tr[data-id]')?.dataset.id : undefined;
    const came = ({ target }: FocusEvent) => {
      const id = idOf(target);
      if (id !== undefined && table.current?.contains(target as Node)) {
        last.current = { id, at: latest.current.findIndex((row) => row.id === id), isHeld: true };
      } else last.current.isHeld = false;
    };
    // A press beside everything takes the focus from the row for good; a row that goes away doesn't.
    const pressed = () => {
      last.current.isHeld = false;
    };
    addEventListener('focusin', came);
    addEventListener('pointerdown', pressed);
    return () => {
      removeEventListener('focusin', came);
      removeEventListener('pointerdown', pressed);
    };
  }, [table]);

  const focus = useMemo<RowFocus>(() => {
    const link = (id: string | undefined) =>
      id === undefined
        ? null
        : (table.current?.querySelector<HTMLElement>(`tr[data-id="${CSS.escape(id)}"] a[data-row]`) ?? null);
    const to = (id: string | undefined) => {
      const found = link(id) ?? link(latest.current[0]?.id);
      if (found) found.focus();
      else document.querySelector<HTMLElement>('h1')?.focus();
    };
    return {
      to,
      current: () => {
        const id = document.activeElement?.closest<HTMLElement>('tr[data-id]')?.dataset.id;
        return latest.current.find((row) => row.id === id);
      },
      last: () => latest.current.find((row) => row.id === last.current.id),
      move: (step) => {
        const { id, at } = last.current;
        const from = latest.current.findIndex((row) => row.id === id);
        const known = from === -1 ? Math.min(at, latest.current.length) : from;
        const target = known === -1 ? 0 : Math.max(0, Math.min(latest.current.length - 1, known + step));
        if (latest.current.length > 0) to(latest.current[target]?.id);
      },
      beside: (id) => {
        const at = latest.current.findIndex((row) => row.id === id);
        return latest.current[at + 1] ?? latest.current[at - 1];
      },
    };
  }, [table]);

  useEffect(() => {
    const { id, at, isHeld } = last.current;
    if (!isHeld || document.activeElement !== document.body || rows.some((row) => row.id === id)) return;
    focus.to(rows[Math.min(at, rows.length - 1)]?.id);
  }, [rows, focus]);

  return focus;
}
