import type { ReactNode } from 'react';
import css from './Facts.module.css';

/** Names and values, aligned: the values stand in one column, or below their names where it is narrow. */
export function Facts({ children }: { children: ReactNode }) {
  return <dl className={css.facts}>{children}</dl>;
}

export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
