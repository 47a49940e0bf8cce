import { navigate } from 'wouter/use-browser-location';

/** Goes to another page of ours, at its top. */
export function go(to: string, how: 'push' | 'replace' = 'push'): void {
  navigate(to, { replace: how === 'replace' });
  scrollTo(0, 0);
}
