/** One field on both sides; `undefined` is absent, which is not `null`. */
export interface Change {
  path: string;
  before: unknown;
  after: unknown;
}

/** What differs between two values, leaf by leaf, and how many leaves don't. */
export function changes(before: unknown, after: unknown): { changed: Change[]; same: Change[] } {
  const then = leaves(before);
  const now = leaves(after);
  const paths = [...new Set([...then.keys(), ...now.keys()])];
  const all = paths.map((path) => ({ path, before: then.get(path), after: now.get(path) }));
  const isSame = (one: Change) => JSON.stringify(one.before) === JSON.stringify(one.after);
  return { changed: all.filter((one) => !isSame(one)), same: all.filter(isSame) };
}

/** Every value that holds no others, by the way to it: `labels.team`, `workspaces.0`. Nothing at all has none. */
export function leaves(value: unknown): Map<string, unknown> {
  const found = new Map<string, unknown>();
  const visit = (one: unknown, path: string) => {
    const inner = typeof one === 'object' && one !== null ? Object.entries(one) : [];
    if (inner.length === 0) found.set(path, one);
    else for (const [name, value] of inner) visit(value, path === '' ? name : `${path}.${name}`);
  };
  if (value !== null && value !== undefined) visit(value, '');
  return found;
}
