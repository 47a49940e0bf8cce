import type { Row } from './compare';

/** The leaves of one top attribute. */
export interface Group {
  name: string;
  rows: readonly Row[];
  counts: Readonly<Record<Row['change'], number>>;
  moved: number;
}

/** What stands in the table, one below the other. */
export type Item =
  | { readonly kind: 'group'; readonly group: Group; readonly rows: number; readonly isOpen: boolean }
  | { readonly kind: 'row'; readonly group: Group; readonly row: Row };

/** Groups rows by their top attribute; those in which something differs come first. */
export function groupsOf(rows: readonly Row[]): Group[] {
  const found = new Map<string, Row[]>();
  for (const row of rows) {
    const name = String(row.path[0] ?? '');
    const list = found.get(name);
    if (list) list.push(row);
    else found.set(name, [row]);
  }
  const groups = [...found].map(([name, list]) => ({
    name,
    rows: list,
    counts: countsOf(list),
    moved: list.filter((row) => row.moved).length,
  }));
  const isSame = ({ rows, counts }: Group) => counts.same === rows.length;
  return [...groups.filter((group) => !isSame(group)), ...groups.filter(isSame)];
}

/** How many rows there are of each kind. */
export function countsOf(rows: readonly Row[]): Record<Row['change'], number> {
  const counts = { added: 0, removed: 0, changed: 0, same: 0 };
  for (const { change } of rows) counts[change] += 1;
  return counts;
}

/** The groups' heads and, of those that are open, the rows. A group of one row needs no head. */
export function itemsOf(groups: readonly Group[], withSame: boolean, isOpen: (name: string) => boolean): Item[] {
  return groups.flatMap((group): Item[] => {
    const rows = withSame ? group.rows : group.rows.filter(({ change }) => change !== 'same');
    const items = rows.map((row): Item => ({ kind: 'row', group, row }));
    if (rows.length <= 1) return items;
    const open = isOpen(group.name);
    return [{ kind: 'group', group, rows: rows.length, isOpen: open }, ...(open ? items : [])];
  });
}

/** The row that a pointer names, or the first below it. */
export function rowAt(rows: readonly Row[], pointer: string): Row | undefined {
  return rows.find(({ id }) => id === pointer) ?? rows.find(({ id }) => id.startsWith(`${pointer}/`));
}
