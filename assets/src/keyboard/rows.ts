/** Marks a row that `j` and `k` stop at: `<li {...row}>`. The element in it that takes the focus has `rowFocus`. */
export const row = { 'data-row': '' } as const;
export const rowFocus = { 'data-row-focus': '' } as const;

/** Moves the focus by so many rows, from the one that has it; to the first or the last where none has. */
export function stepRows(within: Element | null, by: 1 | -1): void {
  const rows = [...(within?.querySelectorAll('[data-row]') ?? [])];
  const at = rows.findIndex((one) => one.contains(document.activeElement));
  const next = at === -1 ? (by === 1 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by));
  focusRow(rows[next]);
}

/** The row that has the focus, by the id that it carries in `data-id`. */
export function rowInFocus(within: Element | null): string | undefined {
  const found = document.activeElement?.closest('[data-row]');
  return found instanceof HTMLElement && within?.contains(found) ? found.dataset.id : undefined;
}

/** How long it takes until what was fetched is drawn. */
const DRAWN_MS = 100;

/** When a row goes away with the focus in it, the one that takes its place gets it; the page's heading, where none does. */
export async function passFocusOn(within: Element | null, id: string, gone: Promise<unknown>): Promise<void> {
  const rows = () => [...(within?.querySelectorAll('[data-row]') ?? [])];
  const at = rows().findIndex((one) => one instanceof HTMLElement && one.dataset.id === id);
  await gone;
  await new Promise((resolve) => setTimeout(resolve, DRAWN_MS));
  if (document.activeElement !== document.body) return;
  const next = rows()[Math.min(at, rows().length - 1)]?.querySelector('a, button') ?? document.querySelector('h1');
  if (next instanceof HTMLElement) next.focus();
}

function focusRow(found: Element | undefined) {
  const target = found?.querySelector('[data-row-focus]');
  if (target instanceof HTMLElement) target.focus();
  target?.scrollIntoView({ block: 'nearest' });
}
