import { align } from './align';
import { type Entry, entriesOf } from './entries';
import { documentIn, isContainer, isList, isObject, type Json, SENSITIVE } from './json';
import { isAlike, isNothing } from './normal';
import { hasSecret, type Operation } from './patch';
import { type OwnList, type Place, placeOf } from './places';
import { byPath, type Path, toPointer, valueAt } from './pointer';

/** One leaf of the two states. */
export interface Row {
  /** Unlike all others'. */
  id: string;
  /** Where it is in the live state, and on inside a document that a string holds. */
  path: Path;
  /** Where people look for it: of what is gone, where it was; of a set's member, the set. */
  shownPath: Path;
  /** `undefined` where it is absent, and where it is sensitive. */
  expected: Json | undefined;
  actual: Json | undefined;
  change: 'added' | 'removed' | 'changed' | 'same';
  isSensitive: boolean;
  /** It stands in a document that was parsed from a string. */
  isParsed: boolean;
  /** It is in a set or not: its place means nothing. */
  isMember: boolean;
  /** Its element stood before or after others than it does now. */
  moved: { from: number; to: number } | undefined;
  /** What identifies the element of a list that it belongs to, such as `tcp 443`. */
  element: string | undefined;
  /** What makes the expected state follow the actual one here. */
  patch: Operation | null;
}

/**
 * All leaves of a drift's two states, in the order of their paths.
 *
 * `difference` is the server's word on what differs, and on what is sensitive: of a place that it calls sensitive no
 * value is taken from the states. The states say how a place is made up, and what is the same.
 */
export function compare(difference: unknown, expected: Json | undefined, actual: Json | undefined): Row[] {
  const walk = new Walk(expected ?? undefined, actual ?? undefined);
  walk.differing(entriesOf(difference));
  walk.unchanged();
  return walk.rows.sort((a, b) => byPath(a.path, b.path));
}

/** What holds for all leaves of one place that differs. */
interface Site {
  patch: Operation | null;
  element: string | undefined;
  isParsed: boolean;
  isMember: boolean;
}

/** A place in both states: `origin` is its path in the declared one. */
interface Spot {
  path: Path;
  origin: Path | undefined;
}

const PLAIN: Site = { patch: null, element: undefined, isParsed: false, isMember: false };

class Walk {
  readonly rows: Row[] = [];
  /** Pointers whose rows are made already. */
  readonly #covered = new Set<string>();
  readonly #ids = new Set<string>();
  #moved: Row['moved'];

  constructor(
    readonly expected: Json | undefined,
    readonly actual: Json | undefined,
  ) {}

  differing(entries: readonly Entry[]) {
    const isOneSided = (this.expected === undefined) !== (this.actual === undefined);
    if (entries.length === 0 && isOneSided) {
      this.#covered.add('');
      this.#pair({ path: [], origin: [] }, this.expected, this.actual, PLAIN);
      return;
    }
    const places = entries.map((entry) => ({ entry, place: placeOf(entry, this.expected, this.actual) }));
    const own = ownLists(places);
    for (const { entry, place } of places) {
      const list = place.own && own.get(toPointer(place.own.path));
      if (list === undefined) this.#entry(entry, place);
    }
    for (const [pointer, list] of own) {
      this.#covered.add(pointer);
      this.#lists(list, list.expected, list.actual, PLAIN);
    }
  }

  unchanged() {
    if (this.expected !== undefined || this.actual !== undefined) this.#rest([], this.expected, this.actual);
  }

  #entry(entry: Entry, place: Place) {
    this.#covered.add(entry.pointer);
    const { path, origin } = place;
    if (entry.isSensitive) {
      this.#row(place, undefined, undefined, entry.change, PLAIN, true);
      return;
    }
    // Null, empty and absent are three things, and an entry doesn't tell them apart: the states do.
    const absent = (state: Json | undefined, where: Path | undefined) => {
      const value = where && valueAt(state, where);
      return isNothing(value) ? value : undefined;
    };
    const before = entry.change === 'added' ? absent(this.expected, origin) : entry.expected;
    const after = entry.change === 'removed' ? absent(this.actual, path) : entry.actual;
    const isMember = isMembership(entry, place);
    const site = { ...PLAIN, patch: operation(place, before, after), isMember };
    if (isMember && entry.change === 'changed') {
      this.#row(place, before, undefined, 'removed', { ...site, patch: operation(place, before, undefined) });
      this.#row(place, undefined, after, 'added', { ...site, patch: operation(place, undefined, after) });
    } else if (!this.#parts(place, before, after, site)) {
      this.#row(place, before, after, entry.change, site);
    }
  }

  /** Two values that may differ somewhere inside. */
  #pair(spot: Spot, a: Json | undefined, b: Json | undefined, site: Site) {
    if (isAlike(a, b)) this.#same(spot, a, b, site);
    else if (!this.#parts(spot, a, b, site)) {
      const change = isNothing(a) ? 'added' : isNothing(b) ? 'removed' : 'changed';
      this.#row(spot, a, b, change, site);
    }
  }

  /** Takes two values apart, where both can be; whether it did. */
  #parts(spot: Spot, a: Json | undefined, b: Json | undefined, site: Site): boolean {
    const isOpen = (value: Json | undefined) => isContainer(value) || isNothing(value);
    if (isNothing(a) && isNothing(b)) return false;
    if (isOpen(a) && isOpen(b)) {
      const isLists = isList(a) || isList(b);
      if (isList(a) ? isObject(b) && !isNothing(b) : isObject(a) && !isNothing(a) && isList(b) && !isNothing(b))
        return false;
      if (isLists) this.#lists(spot, isList(a) ? a : [], isList(b) ? b : [], site);
      else this.#objects(spot, a, b, (next, one, other) => this.#pair(next, one, other, site));
      return true;
    }
    const [inA, inB] = [documentIn(a), documentIn(b)];
    if ((inA === undefined && !isNothing(a)) || (inB === undefined && !isNothing(b))) return false;
    return this.#parts(spot, inA, inB, { ...site, isParsed: true });
  }

  #objects(
    { path, origin }: Spot,
    a: Json | undefined,
    b: Json | undefined,
    visit: (spot: Spot, a: Json | undefined, b: Json | undefined) => void,
  ) {
    const [before, after] = [isObject(a) ? a : {}, isObject(b) ? b : {}];
    for (const key of new Set([...Object.keys(after), ...Object.keys(before)])) {
      const spot = { path: [...path, key], origin: origin && [...origin, key] };
      const of = (value: typeof before) => (Object.hasOwn(value, key) ? value[key] : undefined);
      visit(spot, of(before), of(after));
    }
  }

  #lists({ path, origin }: Spot, a: readonly Json[], b: readonly Json[], site: Site) {
    let past = b.length;
    const { pairs, identify } = align(path.at(-1), a, b);
    for (const { expected, actual, isMoved } of pairs) {
      const at = actual ?? past++;
      if (isMoved && expected !== undefined && (isContainer(b[at]) || isAlike(a, b))) {
        this.#moved = { from: expected, to: at };
      }
      const from = expected === undefined || origin === undefined ? undefined : [...origin, expected];
      const value = (list: readonly Json[], index: number | undefined) =>
        index === undefined ? undefined : list[index];
      const [before, after] = [value(a, expected), value(b, actual)];
      const element = identify?.(after ?? before ?? null) ?? site.element;
      this.#pair({ path: [...path, at], origin: from }, before, after, { ...site, element });
      this.#moved = undefined;
    }
  }

  /** Two values that count as the same: what they are, and how they differ all the same. */
  #same(spot: Spot, a: Json | undefined, b: Json | undefined, site: Site = PLAIN) {
    if (isObject(a) && isObject(b) && Object.keys({ ...a, ...b }).length > 0) {
      this.#objects(spot, a, b, (next, one, other) => this.#same(next, one, other, site));
    } else if (isList(a) && isList(b) && a.length > 0 && b.length > 0) {
      this.#lists(spot, a, b, site);
    } else this.#row(spot, a, b, 'same', { ...site, patch: null });
  }

  /** What no row was made of yet is the same, as the server sees it. */
  #rest(path: Path, a: Json | undefined, b: Json | undefined, origin: Path | undefined = path) {
    if (this.#covered.has(toPointer(path))) return;
    if (isObject(b) && (isObject(a) || isNothing(a)) && Object.keys(b).length > 0) {
      this.#objects({ path, origin }, a, b, (next, one, other) => this.#rest(next.path, one, other));
    } else if (isAlike(a, b)) this.#same({ path, origin }, a, b);
    else if (isList(b) && (isList(a) || isNothing(a))) {
      for (const { expected, actual, isMoved } of align(path.at(-1), isList(a) ? a : [], b).pairs) {
        if (actual === undefined) continue;
        // In a set of scalars of which some differ, places mean nothing.
        if (isMoved && expected !== undefined && isContainer(b[actual])) this.#moved = { from: expected, to: actual };
        this.#rest([...path, actual], expected === undefined || !isList(a) ? undefined : a[expected], b[actual]);
        this.#moved = undefined;
      }
    } else if (b !== undefined && !(isContainer(b) && this.#isCoveredBelow(path))) {
      // The states alone would say otherwise; the server compared the values that it doesn't tell.
      this.#same({ path, origin }, b, b);
    }
  }

  #isCoveredBelow(path: Path): boolean {
    const pointer = `${toPointer(path)}/`;
    return [...this.#covered].some((one) => one.startsWith(pointer));
  }

  #row(
    { path, origin }: Spot,
    expected: Json | undefined,
    actual: Json | undefined,
    change: Row['change'],
    site: Site,
    isSensitive = expected === SENSITIVE || actual === SENSITIVE,
  ) {
    const pointer = toPointer(path);
    let id = pointer;
    while (this.#ids.has(id)) id += '~';
    this.#ids.add(id);
    const where = change === 'removed' && origin ? origin : path;
    this.rows.push({
      id,
      path,
      shownPath: site.isMember ? where.slice(0, -1) : where,
      expected: isSensitive ? undefined : expected,
      actual: isSensitive ? undefined : actual,
      change,
      isSensitive,
      ...site,
      patch: isSensitive ? null : site.patch,
      moved: this.#moved,
    });
    this.#moved = undefined;
  }
}

/** The lists to compare by identity: those with nothing sensitive in them. */
function ownLists(places: readonly { entry: Entry; place: Place }[]): Map<string, OwnList> {
  const found = new Map<string, OwnList>();
  for (const { place } of places) if (place.own) found.set(toPointer(place.own.path), place.own);
  for (const { entry, place } of places) if (place.own && entry.isSensitive) found.delete(toPointer(place.own.path));
  for (const [pointer, { expected, actual }] of found) {
    if (hasSecret(expected) || hasSecret(actual)) found.delete(pointer);
  }
  return found;
}

/** Whether it is a scalar of a list in which the places don't tell which is which. */
function isMembership({ expected, actual }: Entry, { path, lists }: Place): boolean {
  const at = path.at(-1);
  if (typeof at !== 'number' || !lists || isContainer(expected) || isContainer(actual)) return false;
  const isInPlace = lists.expected.length === lists.actual.length && isAlike(lists.expected[at], expected);
  return !isInPlace;
}

function operation(
  { path, origin, parent }: Place,
  before: Json | undefined,
  after: Json | undefined,
): Operation | null {
  if (after === undefined) return origin ? { op: 'remove', path: toPointer(origin) } : null;
  if (hasSecret(after)) return null;
  if (before !== undefined) return origin ? { op: 'replace', path: toPointer(origin), value: after } : null;
  // A member keeps its name; a new element goes to the list's end.
  const last = path.at(-1);
  if (parent === undefined || last === undefined) return null;
  return { op: 'add', path: toPointer([...parent, typeof last === 'number' ? '-' : last]), value: after };
}
