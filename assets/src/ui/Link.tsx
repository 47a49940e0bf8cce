import type { AnchorHTMLAttributes, Ref } from 'react';
import { go } from '../url/go';
import { type Search, stringifySearch } from '../url/search';

interface Props extends Omit<AnchorHTMLAttributes<HTMLAnchorElement>, 'href'> {
  /** A path of this site, such as `/drifts/019…`. */
  to: string;
  search?: Search;
  ref?: Ref<HTMLAnchorElement>;
}

/** A link to another page of ours: a real one, so that it opens in a new tab, too. */
export function Link({ to, search, onClick, ...rest }: Props) {
  const href = `${to}${stringifySearch(search ?? {})}`;
  return (
    <a
      {...rest}
      href={href}
      onClick={(event) => {
        onClick?.(event);
        const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
        if (event.defaultPrevented || !isPlain || (rest.target ?? '_self') !== '_self') return;
        event.preventDefault();
        go(href);
      }}
    />
  );
}
