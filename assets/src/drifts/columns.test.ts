import { beforeEach, expect, it } from 'vitest';
import { hiddenColumns } from '../preferences/preferences';
import { COLUMNS, shownColumns, toggleColumn } from './columns';

beforeEach(() => hiddenColumns.set(''));

it('all columns are shown until one is hidden, in their own order', () => {
  expect(shownColumns('')).toEqual(COLUMNS);
  toggleColumn('assignee');
  toggleColumn('workspace');
  expect(hiddenColumns.get()).toBe('workspace,assignee');
  toggleColumn('workspace');
  expect(shownColumns(hiddenColumns.get())).toEqual(COLUMNS.filter((column) => column !== 'assignee'));
});

it('a column that is no longer known hides nothing', () => {
  expect(shownColumns('moon,status')).not.toContain('status');
  expect(shownColumns('moon,status')).toHaveLength(COLUMNS.length - 1);
});
