import { type Ref, useEffect, useImperativeHandle, useRef, useState } from 'react';
import { Problem } from '../api/problem';
import { useAccount, useWriteBlock } from '../shell/who';
import { decisions, statuses, driftListText as text } from '../text';
import { SeverityBadge, StatusBadge } from '../ui/Badge';
import { useZone } from '../ui/Time';
import { toast } from '../ui/Toasts';
import { BulkOutcome, type Outcome } from './BulkOutcome';
import { changedTotal, decided, decideMany, isPossible, type Target } from './bulk';
import { DecisionDialog } from './DecisionDialog';
import css from './Decisions.module.css';
import { type Action, type Decision, decide } from './decision';
import { chipsOf } from './FilterChips';
import type { Filters } from './filters';
import { fetchRow, outdatePages, patch, type Row, rowOf } from './rows';
import { MOST, NONE, type Selection, size, sizeOn } from './selection';
import type { Live } from './useLive';
import type { RowFocus } from './useRowFocus';

type Asked =
  | { readonly kind: 'one'; readonly action: Action; readonly row: Row; readonly etag: string | null }
  | {
      readonly kind: 'many';
      readonly action: Action;
      readonly target: Target;
      readonly addresses: ReadonlyMap<string, string>;
      /** How many it is about, and how many of them are not in sight. */
      readonly drifts: number;
      readonly hidden: number;
      /** How many there were when one was asked first, where the number has changed since. */
      readonly before?: number;
    };

/** What keys and buttons call. */
export interface Decider {
  one: (action: Action, row: Row) => void;
  selected: (action: Action) => void;
}

interface Props {
  rows: readonly Row[];
  filters: Filters;
  selection: Selection;
  focus: RowFocus;
  live: Live;
  onSelection: (selection: Selection) => void;
  /** Fetches the list again, once what it shows is known to be old. */
  onOutdated: () => void;
  ref: Ref<Decider>;
}

/** Asks for decisions on one row or on all that are selected, takes them, and says what became of them. */
export function Decisions({ rows, filters, selection, focus, live, onSelection, onOutdated, ref }: Props) {
  const { email } = useAccount();
  const [asked, ask] = useState<Asked | null>(null);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  /** Where the focus goes once no dialog has it. */
  const next = useRef<{ id: string | undefined } | null>(null);
  const block = useWriteBlock();
  const isIdle = asked === null && outcome === null;

  useEffect(() => {
    if (!isIdle || next.current === null) return;
    focus.to(next.current.id);
    next.current = null;
  }, [isIdle, focus]);

  useImperativeHandle(ref, () => ({
    one: (action, row) => {
      if (block !== undefined) toast(block, { tone: 'failed' });
      else if (!isPossible(action, row.status)) toast(text.decide.notPossible(statuses[row.status].toLowerCase()));
      else {
        ask({ kind: 'one', action, row, etag: null });
        void refresh(row.id);
      }
    },
    selected: (action) => {
      const drifts = size(selection);
      if (block !== undefined) toast(block, { tone: 'failed' });
      else if (drifts > MOST) toast(text.select.tooMany(drifts), { tone: 'failed' });
      else {
        const target =
          selection.matching === null
            ? { ids: [...selection.picked.keys()] }
            : { filters, expectedTotal: selection.matching };
        const addresses = new Map([...rows.map((row) => [row.id, row.resourceAddress] as const), ...selection.picked]);
        ask({ kind: 'many', action, target, addresses, drifts, hidden: drifts - sizeOn(selection, rows) });
      }
    },
  }));

  /** Looks the drift up: the decision is then about the state that is shown, or is refused. */
  const refresh = async (id: string) => {
    const found = await fetchRow(id).catch(() => null);
    if (found === null) return;
    patch(new Map([[id, found.row]]));
    ask((now) => (now?.kind === 'one' && now.row.id === id ? { ...now, ...found } : now));
  };

  const submitOne = async ({ action, row, etag }: Extract<Asked, { kind: 'one' }>, decision: Decision) => {
    try {
      const after = rowOf(await decide(row.id, action, decision, etag));
      next.current = { id: focus.beside(row.id)?.id };
      patch(new Map([[row.id, after]]));
      live.flash([row.id]);
      toast(text.decide.doneOne(decisions[action].done, row.resourceAddress));
      if (selection.picked.has(row.id)) {
        const picked = new Map(selection.picked);
        picked.delete(row.id);
        onSelection({ ...selection, picked });
      }
    } catch (error) {
      if (error instanceof Problem && (error.status === 409 || error.status === 412)) await refresh(row.id);
      throw error;
    }
  };

  const submitMany = async (now: Extract<Asked, { kind: 'many' }>, decision: Decision) => {
    const { action, target, addresses } = now;
    try {
      const result = await decideMany(action, decision, target);
      const change = decided(action, decision, email, new Date().toISOString());
      const done = result.results.filter(({ ok }) => ok).map(({ id }) => id);
      next.current = { id: focus.last()?.id };
      patch(new Map(done.map((id) => [id, change])));
      live.flash(done);
      onSelection(NONE);
      if (result.failed > 0) setOutcome({ action, result, addresses });
      else toast(text.decide.doneMany(decisions[action].done, result.succeeded));
    } catch (error) {
      const total = changedTotal(error);
      if (total !== undefined && 'filters' in target) {
        onOutdated();
        onSelection({ ...selection, matching: total });
        ask({
          ...now,
          target: { ...target, expectedTotal: total },
          drifts: total,
          hidden: total - (now.drifts - now.hidden),
          before: now.before ?? now.drifts,
        });
      }
      throw error;
    }
  };

  const submit = async (decision: Decision) => {
    if (asked === null) return;
    if (asked.kind === 'one') await submitOne(asked, decision);
    else await submitMany(asked, decision);
    outdatePages();
  };

  if (outcome !== null) return <BulkOutcome outcome={outcome} onClose={() => setOutcome(null)} />;
  if (asked === null) return null;
  const { verb } = decisions[asked.action];
  if (asked.kind === 'one') {
    const row = rows.find(({ id }) => id === asked.row.id) ?? asked.row;
    const isOver = !isPossible(asked.action, row.status);
    const who = live.deciders.get(row.id);
    const told = text.decide.notPossible(statuses[row.status].toLowerCase());
    return (
      <DecisionDialog
        action={asked.action}
        title={text.decide.one(verb)}
        blocked={isOver ? told : undefined}
        onSubmit={submit}
        onClose={() => ask(null)}
      >
        <p className={css.about} dir="auto">
          <strong>{row.resourceAddress}</strong>
        </p>
        <p className={css.facts}>
          <SeverityBadge severity={row.severity} /> <StatusBadge status={row.status} /> {row.workspace}
        </p>
        {isOver ? (
          <p className={css.changed} role="status">
            {told} {who ? text.decidedBy(who) : null}
          </p>
        ) : null}
      </DecisionDialog>
    );
  }
  return (
    <DecisionDialog
      action={asked.action}
      title={text.decide.many(verb, asked.drifts)}
      blocked={asked.drifts > MOST ? text.select.tooMany(asked.drifts) : undefined}
      onSubmit={submit}
      onClose={() => ask(null)}
    >
      <About asked={asked} />
    </DecisionDialog>
  );
}

/** What a decision on many is about: their number, how many are not in sight, and by which filters. */
function About({ asked }: { asked: Extract<Asked, { kind: 'many' }> }) {
  const zone = useZone();
  const { drifts, hidden, before, target } = asked;
  return (
    <div className={css.effect}>
      <p>
        {text.decide.effectMany(drifts)} {hidden > 0 ? text.decide.otherPages(hidden) : null}
      </p>
      {'filters' in target ? (
        <>
          <p>{text.decide.ofFilter}</p>
          <ul className={css.filters}>
            {chipsOf(target.filters, zone, true).map(({ label }) => (
              <li key={label}>{label}</li>
            ))}
          </ul>
        </>
      ) : null}
      {before !== undefined && before !== drifts ? (
        <p className={css.changed} role="status">
          {text.decide.changedTotal(before, drifts)}
        </p>
      ) : null}
    </div>
  );
}
