import { type ReactNode, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { cell } from '../cell';
import { useShortcuts } from '../keyboard/shortcuts';
import { common, shell } from '../text';
import { useCell } from '../useCell';
import { Button } from './Button';
import css from './Toasts.module.css';

/** A short word about what was done, or what somebody should see now. */
export interface Toast {
  id: number;
  text: ReactNode;
  tone: 'done' | 'failed' | 'critical';
  /** Something to press, such as Undo. */
  action?: { label: string; run: () => void } | undefined;
  /** How long it stays, in milliseconds. */
  lastsMs: number;
  at: string;
}

const MOST = 3;
const KEPT = 50;
const LASTS_MS = 6_000;

const shown = cell<readonly Toast[]>([]);
/** All of this visit, newest first: what was missed can be read again. */
export const history = cell<readonly Toast[]>([]);
let next = 1;

/** Shows one. At most three stand at once: the oldest goes. Gives its id, by which it is taken away again. */
export function toast(
  text: ReactNode,
  more: { tone?: Toast['tone']; action?: Toast['action']; lastsMs?: number } = {},
): number {
  const made: Toast = {
    id: next++,
    text,
    tone: more.tone ?? 'done',
    action: more.action,
    lastsMs: more.lastsMs ?? LASTS_MS,
    at: new Date().toISOString(),
  };
  shown.set([...shown.get(), made].slice(-MOST));
  history.set([made, ...history.get()].slice(0, KEPT));
  return made.id;
}

export function dismiss(id: number): void {
  shown.set(shown.get().filter((one) => one.id !== id));
}

export function Toasts() {
  const list = useCell(shown);
  const offer = list.findLast(({ action }) => action !== undefined);
  const take = ({ id, action }: Toast) => {
    dismiss(id);
    action?.run();
  };
  // It stands at the page's end for a few seconds: too far for Tab.
  useShortcuts(shell.everywhere, offer ? [{ keys: 'z', label: shell.takeOffer, run: () => take(offer) }] : []);
  return (
    <section className={css.region} aria-label={shell.notifications} aria-live="polite" aria-relevant="additions">
      {list.map((one) => (
        <One key={one.id} toast={one} onTake={() => take(one)} />
      ))}
    </section>
  );
}

function One({ toast, onTake }: { toast: Toast; onTake: () => void }) {
  const [isHeld, hold] = useState(false);
  useEffect(() => {
    if (isHeld) return;
    const timer = setTimeout(() => dismiss(toast.id), toast.lastsMs);
    return () => clearTimeout(timer);
  }, [isHeld, toast]);
  const place = useRef<HTMLDivElement>(null);
  const before = useRef<EventTarget | null>(null);
  // The focus goes back to what had it, where it would go away with the toast.
  useLayoutEffect(() => {
    const shown = place.current;
    return () => {
      if (shown?.contains(document.activeElement) && before.current instanceof HTMLElement) before.current.focus();
    };
  }, []);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: pointing at it only keeps it standing.
    <div
      ref={place}
      className={css.toast}
      data-tone={toast.tone}
      onMouseEnter={() => hold(true)}
      onMouseLeave={() => hold(false)}
      onFocus={(event) => {
        hold(true);
        if (!event.currentTarget.contains(event.relatedTarget)) before.current = event.relatedTarget;
      }}
      onBlur={() => hold(false)}
    >
      <div className={css.text}>{toast.text}</div>
      {toast.action ? (
        <Button size="small" aria-keyshortcuts="z" onClick={onTake}>
          {toast.action.label}
        </Button>
      ) : null}
      <Button size="small" look="quiet" aria-label={common.dismiss} onClick={() => dismiss(toast.id)}>
        ✕
      </Button>
    </div>
  );
}
