import { isList, isObject, type Json, member } from './json';
import { showable } from './showable';

/** One step down into a value: a member's key, or an element's index. */
export type Step = string | number;
export type Path = readonly Step[];

/** `/tags/Owner`, as RFC 6901 writes it. */
export function toPointer(path: Path): string {
  return path.map((step) => `/${typeof step === 'number' ? step : escaped(step)}`).join('');
}

const escaped = (key: string): string => (/[~/]/.test(key) ? key.replaceAll('~', '~0').replaceAll('/', '~1') : key);

/** Its steps, as texts: whether one is an index depends on what it points into. */
export function fromPointer(pointer: string): string[] {
  if (pointer === '') return [];
  return pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** What stands there; `undefined` where nothing does. */
export function valueAt(value: Json | undefined, path: Path): Json | undefined {
  let here = value;
  for (const step of path) {
    if (isList(here)) here = here[Number(step)];
    else if (isObject(here)) here = member(here, String(step));
    else return undefined;
  }
  return here;
}

/** As people write it: `ingress[1].from_port`, `tags["cost-center/eu"]`. */
export function toText(path: Path): string {
  const text = path
    .map((step, at) => {
      if (typeof step === 'number') return `[${step}]`;
      if (/^[\p{L}_][\p{L}\p{N}_-]*$/u.test(step)) return at === 0 ? step : `.${step}`;
      return at === 0 && path.length === 1 ? step : `[${JSON.stringify(step)}]`;
    })
    .join('');
  return showable(text);
}

/** Sorts by what is seen: `[2]` before `[10]`, names by their letters. */
export function byPath(a: Path, b: Path): number {
  for (let at = 0; at < Math.min(a.length, b.length); at += 1) {
    const [one, other] = [a[at], b[at]];
    if (one === other || one === undefined || other === undefined) continue;
    if (typeof one === 'number' && typeof other === 'number') return one - other;
    return String(one) < String(other) ? -1 : 1;
  }
  return a.length - b.length;
}
