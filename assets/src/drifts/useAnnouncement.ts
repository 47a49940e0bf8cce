import { useEffect, useState } from 'react';
import { statuses, driftListText as text } from '../text';
import type { Row } from './rows';
import { isPicked, type Selection } from './selection';
import type { RowFocus } from './useRowFocus';

/** What to say aloud when somebody else decides on a row that has the focus, or is selected. */
export function useAnnouncement(
  deciders: ReadonlyMap<string, string>,
  rows: readonly Row[],
  selection: Selection,
  focus: RowFocus,
): string {
  const [said, say] = useState('');
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is said when somebody decides, not when one selects.
  useEffect(() => {
    const touched = rows.filter(
      ({ id }) => deciders.has(id) && (isPicked(selection, id) || focus.current()?.id === id),
    );
    const words = touched.map(({ id, status, resourceAddress }) =>
      text.decidedNow(deciders.get(id) ?? '', statuses[status].toLowerCase(), resourceAddress),
    );
    say(words.join('. '));
  }, [deciders]);
  return said;
}
