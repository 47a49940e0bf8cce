import { type Alignment, align } from './align';
import type { Entry } from './entries';
import { isContainer, isList, isObject, type Json, member } from './json';
import { isAlike } from './normal';
import { fromPointer, type Path, type Step, valueAt } from './pointer';

/** A list whose elements are known by identity, which an entry lies within. */
export interface OwnList {
  path: Path;
  origin: Path | undefined;
  expected: readonly Json[];
  actual: readonly Json[];
}

/** Where an entry's place is in both states. */
export interface Place {
  /** In the live state, as the pointer says. */
  path: Path;
  /** In the declared one; `undefined` where it has no such place. */
  origin: Path | undefined;
  /** What holds it in the declared state; `undefined` where nothing does. */
  parent: Path | undefined;
  /** The lists that hold it, where it is an element. */
  lists: { expected: readonly Json[]; actual: readonly Json[] } | undefined;
  own: OwnList | undefined;
}

/**
 * Follows an entry's pointer through both states. An element's index is that in the live list; one that only the
 * declared list has stands past the live list's end.
 */
export function placeOf(entry: Entry, expected: Json | undefined, actual: Json | undefined): Place {
  const parts = fromPointer(entry.pointer);
  const path: Step[] = [];
  let origin: Step[] | undefined = [];
  let parent: Step[] | undefined;
  let [here, there] = [expected, actual];
  let lists: Place['lists'];
  let own: OwnList | undefined;
  for (const [nth, part] of parts.entries()) {
    parent = isContainer(here) ? origin : undefined;
    lists = isList(here) && isList(there) ? { expected: here, actual: there } : undefined;
    const step: Step = isIndex(part, here, there) ? Number(part) : part;
    let from: Step | undefined = step;
    if (lists && typeof step === 'number') {
      const alignment = align(path.at(-1), lists.expected, lists.actual);
      if (alignment.identify) own ??= { path: [...path], origin, ...lists };
      from = partner(alignment, lists, step, entry, parts.slice(nth + 1));
    } else if (isList(there) && !isList(here)) from = undefined;
    path.push(step);
    origin = origin === undefined || from === undefined ? undefined : [...origin, from];
    here = from === undefined ? undefined : below(here, from);
    there = below(there, step);
  }
  return { path, origin, parent, lists, own };
}

function isIndex(part: string, here: Json | undefined, there: Json | undefined): boolean {
  if (isList(here) || isList(there)) return true;
  return !isObject(here) && !isObject(there) && /^\d+$/.test(part);
}

function below(value: Json | undefined, step: Step): Json | undefined {
  if (isList(value)) return value[Number(step)];
  return isObject(value) ? member(value, String(step)) : undefined;
}

function partner(
  { pairs }: Alignment,
  lists: NonNullable<Place['lists']>,
  index: number,
  entry: Entry,
  rest: readonly string[],
): number | undefined {
  if (index < lists.actual.length) return pairs[index]?.expected;
  const gone = pairs.slice(lists.actual.length);
  if (entry.isSensitive) return gone.length === 1 ? gone[0]?.expected : undefined;
  return gone.find(({ expected }) => {
    return expected !== undefined && isAlike(valueAt(lists.expected[expected], rest), entry.expected);
  })?.expected;
}
