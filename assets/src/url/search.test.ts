import { describe, expect, it } from 'vitest';
import { alternatives, ignored, parseSearch, safeNext, stringifySearch } from './search';

describe('the query string', () => {
  it('is read as plain text', () => {
    expect(parseSearch('?severity=critical,warning&search=a+b%26c&page=2')).toEqual({
      severity: 'critical,warning',
      search: 'a b&c',
      page: '2',
    });
  });

  it('joins a name that comes twice', () => {
    expect(parseSearch('?status=detected&status=triaged')).toEqual({ status: 'detected,triaged' });
  });

  it('is written so that it can be read, and reads back as it was', () => {
    const search = { workspace: 'shop/prod,shop/dev', search: 'a&b=c +#ü%', detectedFrom: '2026-11-22T08:00:00Z' };
    const text = stringifySearch(search);
    expect(text).toContain('workspace=shop/prod,shop/dev');
    expect(text).toContain('detectedFrom=2026-11-22T08:00:00Z');
    expect(parseSearch(text)).toEqual(search);
  });

  it('leaves out what is empty', () => {
    expect(stringifySearch({ a: '', b: undefined })).toBe('');
    expect(alternatives(undefined)).toEqual([]);
    expect(alternatives('a,,b')).toEqual(['a', 'b']);
  });

  it('tells what a page knows nothing of', () => {
    const known = { severity: ['critical', 'warning'], search: null };
    expect(ignored({ severity: 'critical', search: 'x' }, known)).toEqual({});
    expect(ignored({ severity: 'critical,loud', colour: 'red' }, known)).toEqual({ severity: 'loud', colour: 'red' });
  });
});

describe('where to go after signing in', () => {
  it('is a path of this site', () => {
    expect(safeNext('/drifts?severity=critical#/tags')).toBe('/drifts?severity=critical#/tags');
  });

  it.each([
    undefined,
    '',
    'drifts',
    '//evil.example',
    '/\\evil.example',
    'https://evil.example/',
    'javascript:alert(1)',
    '/login?next=/',
  ])('is the dashboard instead of %s', (next) => expect(safeNext(next)).toBe('/'));
});
