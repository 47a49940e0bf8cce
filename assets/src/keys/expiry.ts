const DAY_MS = 86_400_000;
const SOON_MS = 14 * DAY_MS;

export type Expiry = '30' | '90' | '365' | 'day' | 'never';

/** When a key that is made now is to end, as the API takes it; `null` for never. A day ends with its last moment. */
export function endOf(expiry: Expiry, day: string, now: number, endOfDay: (day: string) => number | undefined) {
  if (expiry === 'never') return null;
  const end = expiry === 'day' ? endOfDay(day) : now + Number(expiry) * DAY_MS;
  return end === undefined ? null : new Date(end).toISOString();
}

/** Whether a key has ended, or will within two weeks. */
export function endState(expiresAt: string | null, now: number): 'never' | 'far' | 'soon' | 'over' {
  if (expiresAt === null) return 'never';
  const left = Date.parse(expiresAt) - now;
  return left <= 0 ? 'over' : left < SOON_MS ? 'soon' : 'far';
}
