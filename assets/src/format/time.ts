const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Times are told relative to now up to this age. */
const RELATIVE_MS = 7 * DAY;

let own: string | undefined;

/** The browser's own zone: asked for once, since asking takes as long as drawing a row. */
export function browserZone(): string {
  own ??= Intl.DateTimeFormat().resolvedOptions().timeZone;
  return own;
}

/** Every zone that this browser knows, by its IANA name. */
export const zones = (): string[] => Intl.supportedValuesOf('timeZone');

/** `4 min ago` under seven days, else `2026-11-22 14:03`. A moment of the future reads `in 4 min`. */
export function ago(at: number, now: number, zone: string): string {
  const age = now - at;
  if (Math.abs(age) >= RELATIVE_MS) return dateTime(at, zone);
  if (Math.abs(age) < MINUTE) return age >= 0 ? 'just now' : 'in a moment';
  const size = Math.abs(age);
  const words =
    size < HOUR
      ? `${Math.floor(size / MINUTE)} min`
      : size < DAY
        ? `${Math.floor(size / HOUR)} h`
        : `${Math.floor(size / DAY)} d`;
  return age >= 0 ? `${words} ago` : `in ${words}`;
}

/** `2026-11-22 14:03` in the zone. */
export function dateTime(at: number, zone: string): string {
  const { year, month, day, hour, minute } = parts(at, zone);
  return `${year}-${month}-${day} ${hour}:${minute}`;
}

/** `2026-11-22` in the zone. */
export function date(at: number, zone: string): string {
  const { year, month, day } = parts(at, zone);
  return `${year}-${month}-${day}`;
}

/** `14:03` in the zone. */
export function clock(at: number, zone: string): string {
  const { hour, minute } = parts(at, zone);
  return `${hour}:${minute}`;
}

/** Both the exact UTC time and the one in the zone: `2026-11-22 14:03:07 UTC, 2026-11-22 15:03:07 Europe/Berlin`. */
export function exactly(at: number, zone: string): string {
  const utc = `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  return zone === 'UTC' ? utc : `${utc}, ${wallClock(at, zone).replace('T', ' ')} ${zone}`;
}

/** `2026-11-22T14:03:07` in the zone. */
export function wallClock(at: number, zone: string): string {
  const { year, month, day, hour, minute, second } = parts(at, zone);
  return `${year}-${month}-${day}T${hour}:${minute}:${second}`;
}

/** `3 h 20 min` of a number of hours; `12 d` where it is long. */
export function hours(value: number): string {
  const minutes = Math.round(value * 60);
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 48 * 60)
    return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.round(minutes / 1_440)} d`;
}

type Part = 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second';
const formats = new Map<string, Intl.DateTimeFormat>();

function parts(at: number, zone: string): Record<Part, string> {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-CA', {
      timeZone: zone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
    });
    formats.set(zone, format);
  }
  const found = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  return found as Record<Part, string>;
}
