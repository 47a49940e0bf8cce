import { clock, date } from '../format/time';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The first moment of a day (`2026-11-22`) in a zone, as the API takes it. */
export function startOfDay(day: string, zone: string): string {
  const midnight = Date.parse(`${day}T00:00:00Z`);
  let at = midnight;
  // The zone's offset is looked up twice: the first guess may stand on the other side of a change of clocks.
  for (let look = 0; look < 2; look += 1) at = midnight - offset(at, zone);
  // Where clocks are set forward at midnight, the day begins an hour later.
  if (date(at, zone) < day) at += HOUR;
  return new Date(at).toISOString();
}

/** The day after: `2026-12-01` of `2026-11-30`. */
export function nextDay(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + DAY).toISOString().slice(0, 10);
}

/** The day that a moment falls in; with `before`, the last day that is wholly before it. */
export function dayOf(at: string, zone: string, before = false): string {
  const moment = Date.parse(at);
  return Number.isNaN(moment) ? '' : date(before ? moment - 1 : moment, zone);
}

/** Whether a moment is the first of its day. */
export function startsDay(at: string, zone: string): boolean {
  return startOfDay(dayOf(at, zone), zone) === new Date(at).toISOString();
}

/** How far the zone's clocks are ahead of UTC at a moment, in milliseconds. */
function offset(at: number, zone: string): number {
  return Date.parse(`${date(at, zone)}T${clock(at, zone)}:00Z`) - Math.floor(at / MINUTE) * MINUTE;
}
