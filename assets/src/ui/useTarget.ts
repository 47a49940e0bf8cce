import { type RefCallback, useCallback } from 'react';

/** A ref for the element that an address such as `/workspaces#push` points at: it is scrolled to when it comes to stand. */
export function useTarget(id: string): RefCallback<HTMLElement> {
  return useCallback(
    (element: HTMLElement | null) => {
      if (element && location.hash === `#${id}`) element.scrollIntoView({ block: 'start' });
    },
    [id],
  );
}
