const FIRST_MS = 1_000;
const LAST_MS = 30_000;

/** How long to wait before the attempt after so many failures: doubling from 1 s to 30 s, less up to a quarter by chance. */
export function waitMs(failures: number, chance: number = Math.random()): number {
  const whole = Math.min(LAST_MS, FIRST_MS * 2 ** Math.max(0, failures - 1));
  return Math.round(whole * (1 - chance / 4));
}
