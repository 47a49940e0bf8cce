import { describe, expect, it } from 'vitest';
import { parseSearch, stringifySearch } from '../url/search';
import { CLEARED, filterQuery, ignoredOf, isPlain, linkSearch, listQuery, PLAIN, searchOf, viewOf } from './filters';

const view = (text: string) => viewOf(parseSearch(text));

describe('the plain view', () => {
  it('asks for what is open and has left the code, the gravest first', () => {
    expect(listQuery(view(''), 25)).toEqual({
      status: 'open',
      kind: 'modified,missing,unmanaged',
      sortBy: 'severity',
      sortOrder: 'desc',
      page: 1,
      limit: 25,
    });
  });

  it('stands in no query string', () => {
    expect(stringifySearch(searchOf(view('?status=open&kind=unmanaged,missing,modified').filters))).toBe('');
    expect(stringifySearch(linkSearch(view(''), 25))).toBe('');
    expect(isPlain(view('?page=3&sortBy=detectedAt').filters)).toBe(true);
    expect(isPlain(view('?kind=all').filters)).toBe(false);
  });
});

describe('a query string', () => {
  it.each([
    '?status=all',
    '?status=detected,resolved',
    '?kind=all',
    '?kind=pending',
    '?severity=critical,warning',
    '?workspace=shop/checkout/prod,search/prod&resourceType=aws_instance&region=eu-central-1&assignee=a@b.example',
    '?search=100%25+of+%5B%22r147%22%5D',
    '?detectedFrom=2026-11-01T00:00:00.000Z&detectedTo=2026-11-22T00:00:00%2B02:00',
  ])('%s is written as it was read', (text) => {
    const written = parseSearch(stringifySearch(searchOf(view(text).filters)));
    expect(written).toEqual(parseSearch(text));
    expect(ignoredOf(parseSearch(text))).toEqual({});
  });

  it('may say open beside another status', () => {
    expect(view('?status=open,resolved').filters.status).toEqual(['detected', 'triaged', 'approved', 'resolved']);
  });

  it('asks the API for nothing where all is wanted', () => {
    expect(filterQuery(view('?status=all&kind=all&severity=all&workspace=all').filters)).toEqual({});
  });

  it('gives the API its own names and values', () => {
    const text = '?severity=warning,critical&assignee=me&search=a+b&detectedTo=2026-11-22T00:00:00Z';
    expect(filterQuery(view(text).filters)).toEqual({
      status: 'open',
      kind: 'modified,missing,unmanaged',
      severity: 'critical,warning',
      assignee: 'me',
      search: 'a b',
      detectedTo: '2026-11-22T00:00:00Z',
    });
  });

  it('keeps what is right where some of it is wrong, and says what', () => {
    const text =
      '?severity=critical,awful&status=bogus&page=0&detectedFrom=2026-11-01&foo=bar&sortBy=toString&limit=50';
    const { filters, sortBy, page } = view(text);
    expect(filters).toEqual({ ...PLAIN, severity: ['critical'] });
    expect([sortBy, page]).toEqual(['severity', 1]);
    expect(ignoredOf(parseSearch(text))).toEqual({
      severity: 'awful',
      status: 'bogus',
      page: '0',
      detectedFrom: '2026-11-01',
      foo: 'bar',
      sortBy: 'toString',
    });
  });

  it.each(['1.5', '-1', '1e3', '1000000001', 'x'])('knows no page %s', (page) => {
    expect(view(`?page=${page}`).page).toBe(1);
    expect(ignoredOf({ page })).toEqual({ page });
  });
});

it('a row carries the list that it stands in', () => {
  expect(linkSearch(view('?severity=critical&sortBy=lastSeenAt&sortOrder=asc&page=400&limit=25'), 100)).toEqual({
    severity: 'critical',
    sortBy: 'lastSeenAt',
    sortOrder: 'asc',
    page: '400',
    limit: '100',
  });
});

it('clearing takes every filter away, and leaves the order', () => {
  expect(Object.keys(CLEARED)).toEqual(expect.arrayContaining([...Object.keys(PLAIN), 'page']));
  expect(CLEARED).not.toHaveProperty('sortBy');
});
