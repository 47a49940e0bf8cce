import { useMemo } from 'react';
import { hiddenColumns } from '../preferences/preferences';
import { useCell } from '../useCell';

/** The columns that one may do without, as they stand beside the severity and the address. */
export const COLUMNS = ['workspace', 'status', 'assignee', 'costImpactMonthly', 'detectedAt', 'lastSeenAt'] as const;
export type Column = (typeof COLUMNS)[number];

/** The columns that are shown. */
export function useColumns(): readonly Column[] {
  const hidden = useCell(hiddenColumns);
  return useMemo(() => shownColumns(hidden), [hidden]);
}

export const shownColumns = (hidden: string): readonly Column[] =>
  COLUMNS.filter((column) => !hidden.split(',').includes(column));

/** Shows a column that was hidden, or hides it. */
export function toggleColumn(column: Column): void {
  const shown = shownColumns(hiddenColumns.get());
  hiddenColumns.set(COLUMNS.filter((one) => (one === column ? shown.includes(one) : !shown.includes(one))).join(','));
}
