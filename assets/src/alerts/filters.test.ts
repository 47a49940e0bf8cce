import { expect, it } from 'vitest';
import { parseSearch } from '../url/search';
import { filtersOf, ignoredOf, isFiltered, queryOf } from './filters';

it('reads the filters that the API knows, and names what it does not', () => {
  const search = parseSearch('?severity=info,critical,awful&isRead=maybe&workspace=shop/prod,data&colour=red');
  const filters = filtersOf(search);
  expect(filters.isRead).toBeUndefined();
  expect(queryOf(filters)).toEqual({ severity: 'critical,info', workspace: 'shop/prod,data' });
  expect(ignoredOf(search)).toEqual({ severity: 'awful', isRead: 'maybe', colour: 'red' });
});

it('knows the plain view from a filtered one', () => {
  expect(isFiltered(filtersOf({}))).toBe(false);
  expect(isFiltered(filtersOf({ page: '3' }))).toBe(false);
  expect(isFiltered(filtersOf({ isRead: 'false' }))).toBe(true);
  expect(isFiltered(filtersOf({ type: 'scan_failed' }))).toBe(true);
});
