import type { RefObject } from 'react';
import { useShortcuts } from '../keyboard/shortcuts';
import { useMay } from '../shell/who';
import { decisions, driftListText as text } from '../text';
import { go } from '../url/go';
import { type Search, stringifySearch } from '../url/search';
import type { Decider } from './Decisions';
import type { Action } from './decision';
import { type Selection, size } from './selection';
import type { RowFocus } from './useRowFocus';

interface Parts {
  focus: RowFocus;
  selection: Selection;
  /** What a row's link carries. */
  search: Search;
  box: RefObject<HTMLInputElement | null>;
  filters: RefObject<HTMLElement | null>;
  decider: RefObject<Decider | null>;
  onSelect: (id: string, isRange: boolean) => void;
  onSelectPage: () => void;
}

const DECIDE: readonly [string, Action][] = [
  ['e', 'approve'],
  ['r', 'reject'],
  ['t', 'triage'],
  ['d', 'resolve'],
];

/** What keys do in the list. A decision is about what is selected; where nothing is, about the row with the focus. */
export function useListKeys({ focus, selection, search, box, filters, decider, onSelect, onSelectPage }: Parts): void {
  const may = useMay();
  const open = () => {
    const row = focus.current();
    if (row) go(`/drifts/${row.id}${stringifySearch(search)}`);
  };
  const select = (isRange: boolean) => () => {
    const row = focus.current();
    if (row) onSelect(row.id, isRange);
  };
  const decide = (action: Action) => () => {
    const row = focus.current();
    if (size(selection) > 0) decider.current?.selected(action);
    else if (row) decider.current?.one(action, row);
  };
  const { keys } = text;
  useShortcuts(keys.title, [
    { keys: '/', label: keys.search, run: () => box.current?.select() },
    { keys: 'f', label: keys.filter, run: () => focusFirst(filters.current) },
    { keys: 'j', label: keys.next, run: () => focus.move(1) },
    { keys: 'k', label: keys.previous, run: () => focus.move(-1) },
    { keys: 'Enter', label: keys.open, run: open },
    { keys: 'o', label: keys.open, run: open },
    ...(may.decide
      ? [
          { keys: 'x', label: keys.select, run: select(false) },
          { keys: 'Shift+x', label: keys.range, run: select(true) },
          { keys: '*', label: keys.page, run: onSelectPage },
          ...DECIDE.map(([key, action]) => ({
            keys: key,
            label: keys.decide(decisions[action].verb),
            run: decide(action),
          })),
        ]
      : []),
  ]);
}

/** The first filter that is in sight: on a narrow screen, the button that shows them. */
function focusFirst(filters: HTMLElement | null) {
  const found = filters?.querySelectorAll<HTMLElement>('button, summary') ?? [];
  [...found].find((one) => one.checkVisibility())?.focus();
}
