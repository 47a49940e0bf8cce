import { wallClock } from './time';

const MINUTE = 60_000;

/** `2026-11-22T14:03` in the zone: what a field of the type `datetime-local` takes. */
export const wall = (at: number, zone: string): string => wallClock(at, zone).slice(0, 16);

/**
 * The moment at which clocks in the zone show `2026-11-22T14:03`; `undefined` where that is no time.
 *
 * Of an hour that comes twice, the first; of one that is left out, as much later as was left out.
 */
export function momentOf(shown: string, zone: string): number | undefined {
  const asUtc = Date.parse(`${shown}Z`);
  if (Number.isNaN(asUtc)) return undefined;
  const aheadAt = (at: number) => Date.parse(`${wallClock(at, zone)}Z`) - Math.floor(at / 1_000) * 1_000;
  // Zones lie at most 14 hours from UTC, and change at most once in a day.
  const before = aheadAt(asUtc - 15 * 60 * MINUTE);
  const early = asUtc - before;
  return aheadAt(early) === before ? early : fromAfter(asUtc, before, aheadAt);
}

function fromAfter(asUtc: number, before: number, aheadAt: (at: number) => number): number {
  const after = aheadAt(asUtc + 15 * 60 * MINUTE);
  const late = asUtc - after;
  return aheadAt(late) === after ? late : asUtc - before;
}
