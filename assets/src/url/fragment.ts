import { useSyncExternalStore } from 'react';

function subscribe(changed: () => void): () => void {
  addEventListener('hashchange', changed);
  addEventListener('popstate', changed);
  return () => {
    removeEventListener('hashchange', changed);
    removeEventListener('popstate', changed);
  };
}

/** What stands behind the `#`, decoded; empty where nothing does. */
export function useFragment(): string {
  return useSyncExternalStore(subscribe, () => decoded(location.hash.slice(1)));
}

/** A link to a place in the page, such as `#/tags/cost%20center`. */
export function fragment(place: string): string {
  const encoded = place
    .replace(/\p{Cs}/gu, '\ufffd')
    .split('/')
    .map(encodeURIComponent);
  return `#${encoded.join('/')}`;
}

export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
