import { navigate } from 'wouter/use-browser-location';

let moved = false;
addEventListener('popstate', () => {
  moved = true;
});

/** Whether the person has come here from another page of ours: then the new page's heading takes the focus. */
export const hasMoved = (): boolean => moved;

/** Goes to another page of ours, at its top. */
export function go(to: string, how: 'push' | 'replace' = 'push'): void {
  moved = true;
  navigate(to, { replace: how === 'replace' });
  scrollTo(0, 0);
}
