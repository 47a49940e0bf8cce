import { queries } from '../api/queries';
import { connection, onEvent } from './live';
import type { LiveEvent } from './stream';

/** How long events gather before what they changed is fetched again. */
const COALESCE_MS = 500;

/**
 * What is no longer true after an event, as the beginnings of query keys.
 *
 * The pages of the drift list are not among them: rows must not move under the reader's hand, so the list itself
 * decides what to do.
 */
export function outdatedBy({ name, data }: LiveEvent): string[][] {
  switch (name.slice(0, name.indexOf(':'))) {
    case 'drift':
      return [
        ['drifts', 'one', String(data.id)],
        ['drifts', 'timeline', String(data.id)],
        ['drifts', 'count'],
        ['metrics'],
        ['workspaces'],
        ['scans', 'drifts'],
        ['audit'],
      ];
    case 'alert':
      return [['alerts'], ['metrics'], ['audit']];
    case 'scan':
      return [['scans'], ['workspaces'], ['metrics'], ['drifts', 'count'], ['audit']];
    default:
      return [];
  }
}

/** Fetches again what events have outdated, of what is on the screen; all of it after a gap. */
export function refetchWhatChanged(): void {
  const outdated = new Map<string, string[]>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    timer = undefined;
    const keys = [...outdated.values()];
    outdated.clear();
    for (const queryKey of keys) void queries.invalidateQueries({ queryKey });
  };
  onEvent((event) => {
    if (event.name === 'reset') {
      void queries.invalidateQueries();
      return;
    }
    for (const key of outdatedBy(event)) outdated.set(key.join('/'), key);
    if (outdated.size > 0 && timer === undefined) timer = setTimeout(flush, COALESCE_MS);
  });
  let before = connection.get();
  connection.subscribe(() => {
    const now = connection.get();
    // What was fetched before the stream was open may have changed unheard; what is on its way need not be asked twice.
    if (now.state === 'live' && before.state !== 'live') void queries.invalidateQueries({}, { cancelRefetch: false });
    before = now;
  });
}
