import { api, data, type Schemas } from '../api/client';
import { queries } from '../api/queries';

/* The rows of the list that were fetched. They change in place: no page is fetched again while it is being read. */

export type Row = Schemas['DriftItem'];
export type Rows = Schemas['DriftItemPage'];

/** Changes rows wherever they stand, by id. Rows that stay as they are stay the same objects. */
export function patch(changes: ReadonlyMap<string, Partial<Row>>): void {
  queries.setQueriesData<Rows>({ queryKey: ['drifts', 'page'] }, (page) =>
    page?.items.some(({ id }) => changes.has(id))
      ? {
          ...page,
          items: page.items.map((row) => {
            const change = changes.get(row.id);
            return change ? { ...row, ...change } : row;
          }),
        }
      : page,
  );
}

/** A drift without what a row has no use for: its states can be large. */
export function rowOf(drift: Schemas['Drift']): Row {
  const { expectedState, actualState, alertCount, canTriage, canApprove, canReject, canResolve, ...row } = drift;
  return row;
}

/** The drift as it is now, and the ETag that stands for that. */
export async function fetchRow(id: string): Promise<{ row: Row; etag: string | null }> {
  const answer = api.GET('/api/v1/drifts/{id}', { params: { path: { id } } });
  const drift = await data(answer);
  return { row: rowOf(drift), etag: (await answer).response.headers.get('etag') };
}

/** Marks all pages as outdated: they are fetched again when one comes to them, not while one is there. */
export function outdatePages(): void {
  void queries.invalidateQueries({ queryKey: ['drifts', 'page'], refetchType: 'none' });
}
