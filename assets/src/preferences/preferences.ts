import { type Cell, cell } from '../cell';

/*
 * What a person prefers in this browser. Nothing else is kept in the browser's storage. The theme's key is also read
 * by theme.js, before the first paint.
 */

export type Theme = 'system' | 'light' | 'dark';
export type DiffLayout = 'split' | 'unified';

function preference<T extends string>(name: string, fallback: T, allowed: readonly T[] | null): Cell<T> {
  const key = `driftsentry.${name}`;
  const read = () => {
    try {
      const kept = localStorage.getItem(key) as T | null;
      return kept !== null && (allowed === null || allowed.includes(kept)) ? kept : fallback;
    } catch {
      return fallback;
    }
  };
  const inner = cell<T>(read());
  addEventListener('storage', (event) => {
    if (event.key === key || event.key === null) inner.set(read());
  });
  return {
    ...inner,
    set: (value) => {
      try {
        if (value === fallback) localStorage.removeItem(key);
        else localStorage.setItem(key, value);
      } catch {
        // Without storage, it holds until the page is closed.
      }
      inner.set(value);
    },
  };
}

export const theme = preference<Theme>('theme', 'system', ['system', 'light', 'dark']);
theme.subscribe(() => {
  document.documentElement.dataset.theme = theme.get();
});

/** Whether single keys are commands. */
export const shortcuts = preference<'on' | 'off'>('shortcuts', 'on', ['on', 'off']);
/** The IANA name of the time zone that times are shown in; empty for the browser's own. */
export const zone = preference<string>('zone', '', null);
export const diffLayout = preference<DiffLayout>('diff', 'split', ['split', 'unified']);
export const pageSize = preference<'25' | '50' | '100'>('rows', '25', ['25', '50', '100']);
export const density = preference<'normal' | 'compact'>('density', 'normal', ['normal', 'compact']);
/** The columns of the drift list that one does without, with commas between. */
export const hiddenColumns = preference<string>('hiddenColumns', '', null);
