import { identityOf } from './identity';
import { isContainer, type Json } from './json';
import { leaves, likeness, normal } from './normal';
import type { Step } from './pointer';

/** Which element of one list is which of the other: `undefined` where the other has none. */
export interface Pair {
  expected: number | undefined;
  actual: number | undefined;
  /** It stands before or after others than it did; that others came or went moves nothing. */
  isMoved: boolean;
}

export interface Alignment {
  pairs: readonly Pair[];
  /** What identifies an element, where they were told apart by it and not by their likeness. */
  identify: ((element: Json) => string) | undefined;
}

/** More pairs, or more leaves to compare among them, and elements pair by their position. */
const MAX_PAIRS = 40_000;
const MAX_COMPARED = 2_000_000;

const known = new WeakMap<readonly Json[], WeakMap<readonly Json[], Alignment>>();

/** Pairs the elements of two lists: by identity where one is known for the name, else as the server does. */
export function align(name: Step | undefined, expected: readonly Json[], actual: readonly Json[]): Alignment {
  const found = known.get(expected)?.get(actual);
  if (found) return found;
  const identify = identityOf(name, expected, actual);
  const matches = identify ? byIdentity(expected, actual, identify) : byLikeness(expected, actual);
  const made = { pairs: ordered(matches, expected.length, actual.length), identify };
  const others = known.get(expected) ?? new WeakMap();
  known.set(expected, others.set(actual, made));
  return made;
}

type Match = readonly [expected: number, actual: number];

function byIdentity(expected: readonly Json[], actual: readonly Json[], identify: (element: Json) => string): Match[] {
  const places = new Map(actual.map((element, at) => [identify(element), at]));
  return expected.flatMap((element, at) => {
    const place = places.get(identify(element));
    return place === undefined ? [] : [[at, place] as const];
  });
}

/** Equal ones first, then lists and objects by what they share, then scalars in sorted order. */
function byLikeness(expected: readonly Json[], actual: readonly Json[]): Match[] {
  const matches: Match[] = equals(expected, actual);
  const [takenHere, takenThere] = [new Set(matches.map(([at]) => at)), new Set(matches.map(([, at]) => at))];
  const left = (list: readonly Json[], taken: Set<number>) => [...list.keys()].filter((at) => !taken.has(at));
  const [here, there] = [left(expected, takenHere), left(actual, takenThere)];
  const blocks = (list: readonly Json[], of: number[]) => of.filter((at) => isContainer(list[at]));
  matches.push(...bestMatches(expected, blocks(expected, here), actual, blocks(actual, there)));
  const scalars = (list: readonly Json[], of: number[]) =>
    of
      .filter((at) => !isContainer(list[at]))
      .sort((a, b) => (String(list[a]) < String(list[b]) ? -1 : String(list[a]) > String(list[b]) ? 1 : a - b));
  const others = scalars(actual, there);
  for (const [nth, at] of scalars(expected, here).entries()) {
    const other = others[nth];
    if (other !== undefined) matches.push([at, other]);
  }
  return matches;
}

/** The first of a kind is the first of that kind on the other side, and so on. */
function equals(expected: readonly Json[], actual: readonly Json[]): Match[] {
  const places = new Map<string, number[]>();
  for (const [at, element] of actual.entries()) {
    const text = normal(element);
    const list = places.get(text);
    if (list) list.push(at);
    else places.set(text, [at]);
  }
  for (const list of places.values()) list.reverse();
  return expected.flatMap((element, at) => {
    const place = places.get(normal(element))?.pop();
    return place === undefined ? [] : [[at, place] as const];
  });
}

function bestMatches(expected: readonly Json[], here: number[], actual: readonly Json[], there: number[]): Match[] {
  const size = (list: readonly Json[], of: number[]) => of.reduce((sum, at) => sum + leaves(list[at] ?? null), 0);
  const compared = size(expected, here) * there.length + size(actual, there) * here.length;
  const isAlone = expected.length === 1 && actual.length === 1;
  if (isAlone || here.length * there.length > MAX_PAIRS || compared > MAX_COMPARED) {
    return here.flatMap((at, nth) => (there[nth] === undefined ? [] : [[at, there[nth]] as const]));
  }
  const candidates = here
    .flatMap((i) => there.map((j) => ({ i, j, score: likeness(expected[i], actual[j]) })))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || a.i - b.i || a.j - b.j);
  const [taken, takenThere] = [new Set<number>(), new Set<number>()];
  return candidates.flatMap(({ i, j }) => {
    if (taken.has(i) || takenThere.has(j)) return [];
    taken.add(i);
    takenThere.add(j);
    return [[i, j] as const];
  });
}

/** All elements in the order of the actual list, those that are gone last. */
function ordered(matches: readonly Match[], expected: number, actual: number): Pair[] {
  const there = new Map(matches.map(([i, j]) => [j, i]));
  const here = new Set(matches.map(([i]) => i));
  const inOrder = [...matches].sort(([, a], [, b]) => a - b).map(([i]) => i);
  const stayed = longestRising(inOrder);
  const pairs: Pair[] = [];
  for (let j = 0; j < actual; j += 1) {
    const i = there.get(j);
    pairs.push({ expected: i, actual: j, isMoved: i !== undefined && !stayed.has(i) });
  }
  for (let i = 0; i < expected; i += 1) {
    if (!here.has(i)) pairs.push({ expected: i, actual: undefined, isMoved: false });
  }
  return pairs;
}

/** The most numbers that rise one after another: what stays in place when the others move. */
function longestRising(list: readonly number[]): Set<number> {
  const ends: number[] = [];
  const before = new Map<number, number | undefined>();
  for (const value of list) {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ends[middle] ?? 0) < value) low = middle + 1;
      else high = middle;
    }
    before.set(value, ends[low - 1]);
    ends[low] = value;
  }
  const found = new Set<number>();
  for (let value = ends.at(-1); value !== undefined; value = before.get(value)) found.add(value);
  return found;
}
