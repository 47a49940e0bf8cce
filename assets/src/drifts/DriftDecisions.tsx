import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { Schemas } from '../api/client';
import { Problem } from '../api/problem';
import { showable } from '../diff/showable';
import { middle } from '../format/middle';
import { useShortcuts } from '../keyboard/shortcuts';
import { shortcuts } from '../preferences/preferences';
import { useMay, useWriteBlock } from '../shell/who';
import { decisions, driftText } from '../text';
import { Breakable } from '../ui/Breakable';
import { Button } from '../ui/Button';
import { toast } from '../ui/Toasts';
import { go } from '../url/go';
import { stringifySearch } from '../url/search';
import { useCell } from '../useCell';
import { DecisionDialog } from './DecisionDialog';
import css from './DriftDecisions.module.css';
import type { Target } from './DriftSteps';
import { type Action, type Decision, decide } from './decision';
import { Meanwhile } from './Meanwhile';
import { Outcome } from './Outcome';
import { refetch, timelineQuery, type Whole } from './one';

const KEYS = { approve: 'e', reject: 'r', triage: 't', resolve: 'd' } as const;
const ACTIONS: readonly Action[] = ['approve', 'reject', 'triage', 'resolve'];

const offered = (drift: Schemas['Drift']): Record<Action, boolean> => ({
  approve: drift.canApprove,
  reject: drift.canReject,
  triage: drift.canTriage,
  resolve: drift.canResolve,
});

/** What was decided about the drift, and what can be. */
export function DriftDecisions({ whole, next }: { whole: Whole; next: Target | undefined }) {
  const { drift, etag } = whole;
  const may = useMay();
  const block = useWriteBlock();
  /** What is being decided, and how the drift stood when that began. */
  const [open, setOpen] = useState<{ action: Action; before: Whole } | null>(null);
  const timeline = useQuery(timelineQuery(drift.id)).data ?? [];
  const summary = useRef<HTMLHeadingElement>(null);
  const hasDecided = useRef(false);
  const can = offered(drift);
  const hasKeys = useCell(shortcuts) === 'on';
  const actions = may.decide ? ACTIONS.filter((action) => can[action]) : [];

  useEffect(() => {
    // The button that was pressed may be gone by now.
    if (open !== null || !hasDecided.current) return;
    hasDecided.current = false;
    summary.current?.focus({ preventScroll: true });
  }, [open]);
  const ask = (action: Action) => {
    if (block !== undefined) toast(block, { tone: 'failed' });
    else setOpen({ action, before: whole });
  };
  useShortcuts(
    driftText.keys,
    actions.map((action) => ({
      keys: KEYS[action],
      label: driftText.decision.ask(decisions[action].verb),
      run: () => ask(action),
    })),
  );
  const submit = async (action: Action, decision: Decision) => {
    try {
      await decide(drift.id, action, decision, etag);
    } catch (error) {
      // Somebody was faster: what they did is shown, and one can decide again on what it is now.
      if (error instanceof Problem && [409, 412].includes(error.status)) await refetch(drift.id);
      throw error;
    }
    hasDecided.current = true;
    toast(driftText.decision.done(decisions[action].done, middle(showable(drift.resourceAddress), 60)), {
      action: next && { label: driftText.nextInToast, run: () => go(`${next.to}${stringifySearch(next.search)}`) },
    });
    await refetch(drift.id);
  };
  return (
    <section className={css.panel} aria-labelledby="decision">
      <h2 id="decision" ref={summary} tabIndex={-1} className={css.title}>
        {driftText.decision.title}
      </h2>
      <Outcome drift={drift} timeline={timeline} />
      {actions.length > 0 ? (
        <ul className={css.actions} aria-label={driftText.decision.offered}>
          {actions.map((action) => (
            <li key={action}>
              <Button
                look={action === 'approve' ? 'primary' : 'plain'}
                disabled={block !== undefined}
                title={block}
                aria-describedby={`meaning-${action}`}
                onClick={() => ask(action)}
              >
                {decisions[action].verb}
                {hasKeys ? (
                  <span aria-hidden="true" className={css.key}>
                    {KEYS[action]}
                  </span>
                ) : null}
              </Button>
              <p id={`meaning-${action}`}>{decisions[action].meaning}</p>
            </li>
          ))}
        </ul>
      ) : null}
      {actions.length > 0 ? <p className={css.noEffect}>{decisions.noEffect}</p> : null}
      {open ? (
        <DecisionDialog
          action={open.action}
          title={driftText.decision.ask(decisions[open.action].verb)}
          blocked={can[open.action] ? undefined : driftText.decision.notAnyMore}
          onSubmit={(decision) => submit(open.action, decision)}
          onClose={() => setOpen(null)}
        >
          <p className={css.about}>
            <bdi>
              <Breakable text={showable(drift.resourceAddress)} />
            </bdi>
          </p>
          {hasDecided.current ? null : (
            <Meanwhile before={open.before} now={whole} timeline={timeline} isPossible={can[open.action]} />
          )}
        </DecisionDialog>
      ) : null}
    </section>
  );
}
