import { describe, expect, it } from 'vitest';
import { byPath, fromPointer, type Path, toPointer, toText, valueAt } from './pointer';

describe('a path', () => {
  it('is written as RFC 6901 has it, and read again', () => {
    const path = ['tags', 'a/b~c', 0, ''];
    expect(toPointer(path)).toBe('/tags/a~1b~0c/0/');
    expect(fromPointer('/tags/a~1b~0c/0/')).toEqual(path.map(String));
    expect(toPointer([])).toBe('');
    expect(fromPointer('')).toEqual([]);
    expect(fromPointer('/~01')).toEqual(['~1']);
  });

  it('reads as people write it', () => {
    expect(toText(['ingress', 1, 'from_port'])).toBe('ingress[1].from_port');
    expect(toText(['tags', 'cost-center'])).toBe('tags.cost-center');
    expect(toText(['tags', 'a.b/c'])).toBe('tags["a.b/c"]');
    expect(toText(['labels', '0'])).toBe('labels["0"]');
    expect(toText(['größe'])).toBe('größe');
    expect(toText(['tags', 'a\u202eb'])).toBe('tags["a\\u202eb"]');
  });

  it('leads to a value that is there, and to nothing inherited', () => {
    const value = { a: [{ b: 1 }] };
    expect(valueAt(value, ['a', 0, 'b'])).toBe(1);
    expect(valueAt(value, ['a', 1, 'b'])).toBeUndefined();
    expect(valueAt(value, ['constructor'])).toBeUndefined();
    expect(valueAt(value, [])).toBe(value);
  });

  it('sorts by numbers and letters', () => {
    const paths: Path[] = [['b'], ['a', 10], ['a', 2, 'x'], ['a'], ['a', 2]];
    expect(paths.sort(byPath)).toEqual([['a'], ['a', 2], ['a', 2, 'x'], ['a', 10], ['b']]);
  });
});
