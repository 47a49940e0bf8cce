import type { ReactNode } from 'react';
import { Link } from '../ui/Link';
import type { Search } from '../url/search';
import css from './Figures.module.css';

/** Numbers beside each other, each with what it counts. */
export function Figures({ children }: { children: ReactNode }) {
  return <dl className={css.figures}>{children}</dl>;
}

interface Props {
  name: ReactNode;
  value: string;
  /** The list that has just these. */
  to?: string;
  search?: Search;
  tone?: 'critical' | 'caution' | undefined;
}

export function Figure({ name, value, to, search = {}, tone }: Props) {
  return (
    <div className={css.figure} data-tone={tone}>
      <dt>{name}</dt>
      <dd>
        {to === undefined ? (
          value
        ) : (
          <Link to={to} search={search}>
            {value}
          </Link>
        )}
      </dd>
    </div>
  );
}
