import type { Schemas } from '../api/client';

/** How many attributes differ, by the way they do. */
interface Counts {
  added: number;
  changed: number;
  removed: number;
}

/** Counts a drift's `difference`: an object of `{change, …}` by JSON pointer. */
export function counts(difference: Schemas['DriftItem']['difference']): Counts {
  const found: Counts = { added: 0, changed: 0, removed: 0 };
  if (typeof difference !== 'object' || difference === null) return found;
  for (const one of Object.values(difference)) {
    const change: unknown = one?.change;
    if (change === 'added' || change === 'changed' || change === 'removed') found[change] += 1;
  }
  return found;
}
