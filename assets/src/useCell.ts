import { useSyncExternalStore } from 'react';
import type { Cell } from './cell';

/** The cell's value, in a component that draws itself anew when it changes. */
export function useCell<T>(of: Cell<T>): T {
  return useSyncExternalStore(of.subscribe, of.get);
}
