import { useEffect, useMemo, useRef, useState } from 'react';
import type { Schemas } from '../api/client';
import { useCell } from '../cell';
import { compare } from '../diff/compare';
import { entriesOf } from '../diff/entries';
import { countsOf, groupsOf, itemsOf, rowAt } from '../diff/groups';
import { isJson, type Json, print } from '../diff/json';
import { patchBetween } from '../diff/patch';
import { showable } from '../diff/showable';
import { count } from '../format/numbers';
import { useShortcuts } from '../keyboard/shortcuts';
import { diffLayout } from '../preferences/preferences';
import { diffText, driftText } from '../text';
import { Button } from '../ui/Button';
import { CopyButton } from '../ui/CopyButton';
import { Panel } from '../ui/Page';
import { Empty } from '../ui/States';
import { useFragment } from '../url/fragment';
import { DiffTable } from './DiffTable';
import css from './DriftDiff.module.css';

/** From this many rows on, groups are closed at first. */
const MANY = 500;
/** How many rows are drawn before one asks for more. */
const AT_ONCE = 500;

/** What differs between the declared and the live state, leaf by leaf. */
export function DriftDiff({ drift }: { drift: Schemas['Drift'] }) {
  const [expected, actual] = [stateOf(drift.expectedState), stateOf(drift.actualState)];
  const { difference } = drift;
  const rows = useMemo(() => compare(difference, expected, actual), [difference, expected, actual]);
  const groups = useMemo(() => groupsOf(rows), [rows]);
  const counts = useMemo(() => countsOf(rows), [rows]);
  const layout = useCell(diffLayout);
  const [withSame, showSame] = useState(false);
  const [limit, setLimit] = useState(AT_ONCE);
  const [opened, setOpened] = useState<ReadonlyMap<string, boolean>>(new Map());
  const areOpen = (withSame ? rows.length : rows.length - counts.same) <= MANY;
  const items = useMemo(
    () => itemsOf(groups, withSame, (name) => opened.get(name) ?? areOpen),
    [groups, withSame, opened, areOpen],
  );
  const heads = items.filter((item) => item.kind === 'group');
  const isAllOpen = heads.every((item) => item.isOpen);

  const place = useFragment();
  const target = place.startsWith('/') ? rowAt(rows, place) : undefined;
  const body = useRef<HTMLDivElement>(null);
  /** The place that one asked for, until it has been gone to. */
  const wanted = useRef<string | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: one goes there when it is asked for, not when the rows change.
  useEffect(() => {
    if (target === undefined) return;
    wanted.current = target.id;
    if (target.change === 'same') showSame(true);
    setOpened((before) => new Map(before).set(String(target.path[0] ?? ''), true));
  }, [place]);
  useEffect(() => {
    if (wanted.current === null) return;
    const at = items.findIndex((item) => item.kind === 'row' && item.row.id === wanted.current);
    if (at < 0) return;
    if (at >= limit) {
      setLimit(at + AT_ONCE);
      return;
    }
    const row = body.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(wanted.current)}"]`);
    if (!row) return;
    wanted.current = null;
    row.scrollIntoView({ block: 'center' });
    row.focus({ preventScroll: true });
  });

  const toggleSame = () => showSame((before) => !before);
  useShortcuts(
    driftText.keys,
    counts.same > 0 ? [{ keys: '.', label: driftText.unchangedLines, run: toggleSame }] : [],
  );
  const more = () => {
    const first = items[limit];
    setLimit(limit + AT_ONCE);
    // What is new begins where the button was.
    requestAnimationFrame(() => {
      const id = first?.kind === 'row' ? first.row.id : undefined;
      if (id !== undefined) body.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"]`)?.focus();
    });
  };
  const patch = () =>
    print(
      patchBetween(
        expected ?? null,
        actual ?? null,
        entriesOf(difference)
          .filter(({ isSensitive }) => isSensitive)
          .map(({ pointer }) => pointer),
      ).map((operation): Json => ({ ...operation })),
    );
  const summary = (['changed', 'added', 'removed'] as const)
    .filter((change) => counts[change] > 0)
    .map((change) => `${count(counts[change])} ${diffText.changes[change]}`);
  const left = items.length - limit;
  const isEmpty = items.length === 0;
  return (
    <Panel
      title={drift.kind === 'missing' || drift.kind === 'unmanaged' ? diffText.titleOf[drift.kind] : diffText.title}
      aside={diffText.total(summary)}
      flush
    >
      {rows.length > 0 ? (
        <div className={css.tools}>
          {/* biome-ignore lint/a11y/useSemanticElements: two buttons beside each other need no frame of their own. */}
          <div className={css.layouts} role="group" aria-label={diffText.layout}>
            {(['split', 'unified'] as const).map((one) => (
              <Button key={one} size="small" aria-pressed={layout === one} onClick={() => diffLayout.set(one)}>
                {diffText[one]}
              </Button>
            ))}
          </div>
          {counts.same > 0 ? (
            <Button size="small" aria-expanded={withSame} onClick={toggleSame}>
              {withSame ? diffText.hideSame : diffText.showSame(counts.same)}
            </Button>
          ) : null}
          {heads.length > 1 ? (
            <Button size="small" onClick={() => setOpened(new Map(groups.map(({ name }) => [name, !isAllOpen])))}>
              {isAllOpen ? diffText.closeAll : diffText.openAll}
            </Button>
          ) : null}
          {expected !== undefined && actual !== undefined ? (
            <CopyButton text={patch} what={diffText.patch}>
              {diffText.copyPatch}
            </CopyButton>
          ) : null}
        </div>
      ) : null}
      {place.startsWith('/') && target === undefined && rows.length > 0 ? (
        <p className={css.note} role="status">
          {diffText.notFound(showable(place))}
        </p>
      ) : null}
      {isEmpty ? <Empty title={rows.length > 0 ? diffText.none : diffText.noValues} /> : null}
      {isEmpty ? null : (
        <div ref={body}>
          <DiffTable
            items={items.slice(0, limit)}
            layout={layout}
            address={showable(drift.resourceAddress)}
            target={target?.id}
            onToggle={(name, isOpen) => setOpened((before) => new Map(before).set(name, isOpen))}
          />
        </div>
      )}
      {left > 0 ? (
        <p className={css.more}>
          <Button onClick={more}>{diffText.more(Math.min(AT_ONCE, left), left)}</Button>
        </p>
      ) : null}
    </Panel>
  );
}

/** A state as it was sent; `null` and nothing at all are no state. */
const stateOf = (state: unknown): Json | undefined => (state !== null && isJson(state) ? state : undefined);
