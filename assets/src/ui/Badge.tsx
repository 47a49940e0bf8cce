import type { ReactNode } from 'react';
import { type kinds, severities, statuses } from '../text';
import css from './Badge.module.css';

export type Severity = keyof typeof severities;
export type Status = keyof typeof statuses;
export type Kind = keyof typeof kinds;

const SHAPES: Record<Severity, string> = {
  critical: 'M6 0l6 6-6 6-6-6z',
  warning: 'M6 .5L12 11.5H0z',
  info: 'M6 0a6 6 0 110 12A6 6 0 016 0z',
};

/** How bad it is: a word, a shape and a colour. */
export function SeverityBadge({ severity }: { severity: Severity }) {
  return (
    <span className={css.severity} data-severity={severity}>
      <svg viewBox="0 0 12 12" width="10" height="10" aria-hidden="true">
        <path d={SHAPES[severity]} fill="currentColor" />
      </svg>
      {severities[severity]}
    </span>
  );
}

/** Where a drift stands. */
export function StatusBadge({ status }: { status: Status }) {
  return (
    <span className={css.status} data-status={status}>
      {statuses[status]}
    </span>
  );
}

/** A word in a frame: `tone` says whether it is good, bad or neither. */
export function Badge({
  tone = 'neutral',
  children,
}: {
  tone?: 'neutral' | 'good' | 'caution' | 'bad';
  children: ReactNode;
}) {
  return (
    <span className={css.badge} data-tone={tone}>
      {children}
    </span>
  );
}
