/*
 * Which drifts a decision is to be about: some by their ids, kept while one goes from page to page, or all that match
 * the filter, by how many they were when somebody said so.
 */

/** What is kept of a row that is picked: its address tells it when its page is no longer shown. */
export interface Picked {
  readonly id: string;
  readonly resourceAddress: string;
}

export interface Selection {
  /** Addresses by id. */
  readonly picked: ReadonlyMap<string, string>;
  /** How many match the filter, where all of them are selected. */
  readonly matching: number | null;
  /** The row from which a range goes. */
  readonly anchor: string | null;
}

/** One call decides on no more than this many. */
export const MOST = 1_000;

export const NONE: Selection = { picked: new Map(), matching: null, anchor: null };

export const isPicked = ({ picked, matching }: Selection, id: string): boolean => matching !== null || picked.has(id);

/** How many are selected. */
export const size = ({ picked, matching }: Selection): number => matching ?? picked.size;

/** How many of these rows are selected. */
export const sizeOn = (selection: Selection, rows: readonly Picked[]): number =>
  rows.filter(({ id }) => isPicked(selection, id)).length;

/** Picks a row, or lets it go. Where all that match were selected, the others of its page stay. */
export function toggle(selection: Selection, id: string, rows: readonly Picked[]): Selection {
  const picked = selection.matching === null ? new Map(selection.picked) : new Map(rows.map(entry));
  if (!picked.delete(id)) {
    const row = rows.find((one) => one.id === id);
    if (row) picked.set(...entry(row));
  }
  return { picked, matching: null, anchor: id };
}

/** Picks all rows from the last one that was picked up to this one, whichever comes first. */
export function extend(selection: Selection, id: string, rows: readonly Picked[]): Selection {
  const to = rows.findIndex((row) => row.id === id);
  const anchor = rows.findIndex((row) => row.id === selection.anchor);
  const from = anchor === -1 ? to : anchor;
  const picked = new Map(selection.picked);
  for (const row of rows.slice(Math.min(from, to), Math.max(from, to) + 1)) picked.set(...entry(row));
  return { picked, matching: selection.matching, anchor: anchor === -1 ? id : selection.anchor };
}

/** Picks the whole page, or lets all of it go where it was picked already. */
export function togglePage(selection: Selection, rows: readonly Picked[]): Selection {
  if (selection.matching !== null) return NONE;
  const picked = new Map(selection.picked);
  const isWhole = sizeOn(selection, rows) === rows.length;
  for (const row of rows) {
    if (isWhole) picked.delete(row.id);
    else picked.set(...entry(row));
  }
  return { picked, matching: null, anchor: null };
}

/** Selects all that match the filter, as many as were seen to. */
export const selectMatching = (selection: Selection, total: number): Selection => ({ ...selection, matching: total });

const entry = ({ id, resourceAddress }: Picked): [string, string] => [id, resourceAddress];
