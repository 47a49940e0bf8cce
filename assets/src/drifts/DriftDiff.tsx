import { useMemo, useRef } from 'react';
import type { Schemas } from '../api/client';
import { compare } from '../diff/compare';
import { entriesOf } from '../diff/entries';
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
import { useCell } from '../useCell';
import { DiffTable } from './DiffTable';
import css from './DriftDiff.module.css';
import { AT_ONCE, useDiffView } from './useDiffView';

const LAYOUTS = ['split', 'unified'] as const;

/** What differs between the declared and the live state, leaf by leaf. */
export function DriftDiff({ drift }: { drift: Schemas['Drift'] }) {
  const [expected, actual] = [stateOf(drift.expectedState), stateOf(drift.actualState)];
  const { difference, kind } = drift;
  const rows = useMemo(() => compare(difference, expected, actual), [difference, expected, actual]);
  const body = useRef<HTMLDivElement>(null);
  const view = useDiffView(rows, body);
  const layout = useCell(diffLayout);
  const { counts } = view;
  useShortcuts(
    driftText.keys,
    counts.same > 0 ? [{ keys: '.', label: driftText.unchangedLines, run: view.toggleSame }] : [],
  );
  const summary = (['changed', 'added', 'removed'] as const)
    .filter((change) => counts[change] > 0)
    .map((change) => `${count(counts[change])} ${diffText.changes[change]}`);
  return (
    <Panel
      title={kind === 'missing' || kind === 'unmanaged' ? diffText.titleOf[kind] : diffText.title}
      aside={diffText.total(summary)}
      flush
    >
      {rows.length > 0 ? (
        <div className={css.tools}>
          {/* biome-ignore lint/a11y/useSemanticElements: two buttons beside each other need no frame of their own. */}
          <div className={css.layouts} role="group" aria-label={diffText.layout}>
            {LAYOUTS.map((one) => (
              <Button key={one} size="small" aria-pressed={layout === one} onClick={() => diffLayout.set(one)}>
                {diffText[one]}
              </Button>
            ))}
          </div>
          {counts.same > 0 ? (
            <Button size="small" aria-expanded={view.withSame} onClick={view.toggleSame}>
              {view.withSame ? diffText.hideSame : diffText.showSame(counts.same)}
            </Button>
          ) : null}
          {view.groups > 1 ? (
            <Button size="small" onClick={view.toggleAll}>
              {view.isAllOpen ? diffText.closeAll : diffText.openAll}
            </Button>
          ) : null}
          {expected !== undefined && actual !== undefined ? (
            <CopyButton text={() => patchOf(difference, expected, actual)} what={diffText.patch}>
              {diffText.copyPatch}
            </CopyButton>
          ) : null}
        </div>
      ) : null}
      {view.place !== null && view.target === undefined && rows.length > 0 ? (
        <p className={css.note} role="status">
          {diffText.notFound(showable(view.place))}
        </p>
      ) : null}
      {view.before > 0 ? (
        <p className={css.more}>
          <Button onClick={view.showEarlier}>{diffText.earlier(Math.min(AT_ONCE, view.before), view.before)}</Button>
        </p>
      ) : null}
      {view.total === 0 ? (
        <Empty title={rows.length > 0 ? diffText.none : diffText.noValues} />
      ) : (
        <div ref={body}>
          <DiffTable
            items={view.items}
            layout={layout}
            address={showable(drift.resourceAddress)}
            target={view.target?.id}
            onToggle={view.toggle}
          />
        </div>
      )}
      {view.after > 0 ? (
        <p className={css.more}>
          <Button onClick={view.showMore}>{diffText.more(Math.min(AT_ONCE, view.after), view.after)}</Button>
        </p>
      ) : null}
    </Panel>
  );
}

/** A state as it was sent; `null` and nothing at all are no state. */
const stateOf = (state: unknown): Json | undefined => (state !== null && isJson(state) ? state : undefined);

/** What makes the declared state the live one, as text. */
function patchOf(difference: unknown, expected: Json, actual: Json): string {
  const sensitive = entriesOf(difference).filter(({ isSensitive }) => isSensitive);
  const patch = patchBetween(
    expected,
    actual,
    sensitive.map(({ pointer }) => pointer),
  );
  return print(patch.map((operation) => ({ ...operation })));
}
