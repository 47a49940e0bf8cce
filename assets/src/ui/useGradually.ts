import { startTransition, useEffect, useMemo, useState } from 'react';

/** How many rows are drawn at once: about what is in sight. */
const STEP = 12;

/**
 * The rows to draw now: those in sight first, the rest bit by bit, so that who types or scrolls is never kept waiting.
 * It begins anew with another `key`; rows that only change, or come back under the same one, are all drawn at once.
 */
export function useGradually<T>(rows: readonly T[], key: string): readonly T[] {
  const [drawn, setDrawn] = useState({ key, count: STEP });
  const count = drawn.key === key ? drawn.count : STEP;
  if (drawn.key !== key) setDrawn({ key, count });
  const isAll = count >= rows.length;
  useEffect(() => {
    if (isAll) return;
    const frame = requestAnimationFrame(() =>
      startTransition(() => setDrawn((now) => (now.key === key ? { key, count: count + STEP } : now))),
    );
    return () => cancelAnimationFrame(frame);
  }, [isAll, key, count]);
  return useMemo(() => (isAll ? rows : rows.slice(0, count)), [rows, isAll, count]);
}
