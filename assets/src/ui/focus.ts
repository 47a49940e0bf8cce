/** Gives the focus to the page's heading: where one goes on when what one used is gone. */
export function focusHeading(): void {
  document.querySelector('h1')?.focus({ preventScroll: true });
}

/** Gives the focus to the control before this one, which is about to go away. */
export function focusBefore(gone: Element): void {
  const within = gone.closest('dialog, main');
  const controls = [...(within?.querySelectorAll('a[href], button, input, select, textarea, summary') ?? [])];
  const before = controls.slice(0, controls.indexOf(gone)).findLast((one) => one.getClientRects().length > 0);
  if (before instanceof HTMLElement) before.focus();
  else focusHeading();
}
