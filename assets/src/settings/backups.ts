/** What the server's health says of backups: its facts have no types in the contract. */
type Facts = Readonly<Record<string, unknown>>;

/** The last backup that went into the server's own directory of backups; none where there never was one. */
export function lastOf(facts: Facts): { takenAt: string; bytes: number } | undefined {
  const last = facts.lastBackup;
  if (!isRecord(last) || typeof last.takenAt !== 'string' || typeof last.bytes !== 'number') return undefined;
  return { takenAt: last.takenAt, bytes: last.bytes };
}

/** The last time that a backup was tried out; none where none was. */
export function drillOf(facts: Facts): { at: string; passed: boolean } | undefined {
  const drill = facts.lastBackupDrill;
  if (!isRecord(drill) || typeof drill.at !== 'string' || typeof drill.passed !== 'boolean') return undefined;
  return { at: drill.at, passed: drill.passed };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'];

/** `3.4 MB`. */
export function size(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1_000 && unit < UNITS.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}
