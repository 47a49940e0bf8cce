import { isContainer, isList, isObject, isSame, type Json, type JsonObject, member, SENSITIVE } from './json';
import { fromPointer, type Path, type Step, toPointer } from './pointer';

/** A change as RFC 6902 writes it. */
export type Operation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: Json }
  | { readonly op: 'remove'; readonly path: string };

/**
 * What makes the expected state the actual one, one step after the other.
 *
 * What is sensitive is left out, and so is a list that has something sensitive in it: without it, the places of its
 * other elements would be wrong.
 */
export function patchBetween(expected: Json, actual: Json, sensitive: readonly string[]): Operation[] {
  const hidden = sensitive.map((pointer) => {
    const steps = fromPointer(pointer);
    const index = steps.findIndex((step) => /^\d+$/.test(step));
    return toPointer(index > 0 ? steps.slice(0, index) : steps);
  });
  const found: Operation[] = [];
  between([], expected, actual, found);
  return found.filter(
    ({ path, ...rest }) =>
      !hidden.some((pointer) => path === pointer || path.startsWith(`${pointer}/`) || pointer.startsWith(`${path}/`)) &&
      !('value' in rest && hasSecret(rest.value)),
  );
}

function between(path: Path, a: Json, b: Json, found: Operation[]): void {
  if (isSame(a, b)) return;
  if (isObject(a) && isObject(b)) ofObjects(path, a, b, found);
  else if (isList(a) && isList(b)) ofLists(path, a, b, found);
  else found.push({ op: 'replace', path: toPointer(path), value: b });
}

function ofObjects(path: Path, a: JsonObject, b: JsonObject, found: Operation[]): void {
  const below = (key: Step) => [...path, key];
  for (const [key, value] of Object.entries(a)) {
    const other = member(b, key);
    if (other === undefined) found.push({ op: 'remove', path: toPointer(below(key)) });
    else between(below(key), value, other, found);
  }
  for (const [key, value] of Object.entries(b)) {
    if (!Object.hasOwn(a, key)) found.push({ op: 'add', path: toPointer(below(key)), value });
  }
}

function ofLists(path: Path, a: readonly Json[], b: readonly Json[], found: Operation[]): void {
  const both = Math.min(a.length, b.length);
  for (let at = 0; at < both; at += 1) between([...path, at], a[at] ?? null, b[at] ?? null, found);
  // From the end, so that no place moves before it is taken away.
  for (let at = a.length - 1; at >= both; at -= 1) found.push({ op: 'remove', path: toPointer([...path, at]) });
  for (const value of b.slice(both)) found.push({ op: 'add', path: `${toPointer(path)}/-`, value });
}

/** Whether something in it was hidden. */
export function hasSecret(value: Json): boolean {
  if (isContainer(value)) return Object.values(value).some(hasSecret);
  return value === SENSITIVE;
}
