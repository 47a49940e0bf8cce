import { useEffect, useRef } from 'react';
import { cell } from '../cell';
import { shortcuts } from '../preferences/preferences';
import { useCell } from '../useCell';

/** What a key does on a page. */
export interface Shortcut {
  /** A key as `KeyboardEvent.key` names it, `Shift+x`, or two after each other: `g d`. */
  keys: string;
  /** As the help lists it. */
  label: string;
  run: (event: KeyboardEvent) => void;
}

interface Group {
  title: string;
  list: readonly Shortcut[];
}

/** What keys do right now, the most particular group last. The help shows it. */
export const groups = cell<readonly Group[]>([]);

/** How long the second key of two may take. */
const SEQUENCE_MS = 1_200;

/**
 * Makes keys do something for as long as the component stands. They rest in fields, in dialogs that aren't the
 * component's own, with Ctrl, Alt or Meta, and where the person has switched them off.
 */
export function useShortcuts(title: string, list: readonly Shortcut[]): void {
  const latest = useRef(list);
  useEffect(() => {
    latest.current = list;
  });
  const shape = list.map(({ keys, label }) => `${keys}\u0000${label}`).join('\u0001');
  // biome-ignore lint/correctness/useExhaustiveDependencies: only what the help shows makes a new group; what runs is the latest.
  useEffect(() => {
    const group: Group = {
      title,
      list: list.map(({ keys, label }) => ({
        keys,
        label,
        run: (event) => latest.current.find((one) => one.keys === keys)?.run(event),
      })),
    };
    groups.set([...groups.get(), group]);
    return () => groups.set(groups.get().filter((one) => one !== group));
  }, [title, shape]);
}

let first: { key: string; at: number } | undefined;

/** Listens for keys, once, for the whole page. */
export function useKeyboard(): void {
  const isOn = useCell(shortcuts) === 'on';
  useEffect(() => {
    if (!isOn) return;
    const pressed = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
      if (isTyping(event.target) || document.querySelector('dialog[open]')) return;
      if ((event.key === 'Enter' || event.key === ' ') && isPressable(event.target)) return;
      const key = event.shiftKey && /^[a-z]$/i.test(event.key) ? `Shift+${event.key.toLowerCase()}` : event.key;
      const isSecond = first !== undefined && event.timeStamp - first.at < SEQUENCE_MS;
      const found = (isSecond ? find(`${first?.key} ${key}`) : undefined) ?? find(key);
      first = found ? undefined : { key, at: event.timeStamp };
      if (found === undefined) return;
      event.preventDefault();
      found.run(event);
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, [isOn]);
}

function find(keys: string): Shortcut | undefined {
  for (const group of groups.get().toReversed()) {
    const found = group.list.find((one) => one.keys === keys);
    if (found) return found;
  }
  return undefined;
}

function isPressable(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('a, button, summary, input') !== null;
}

/** Keys belong to the field that has the focus. */
function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable) return true;
  if (target instanceof HTMLInputElement) return !['checkbox', 'radio', 'button', 'submit'].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}
