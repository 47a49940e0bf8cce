import type { ReactNode } from 'react';
import css from './FilterBar.module.css';

/** What a list can be narrowed by, in one line that wraps. */
export function FilterBar({ label, children }: { label: string; children: ReactNode }) {
  return (
    <search className={css.bar} aria-label={label}>
      {children}
    </search>
  );
}

/** One native control of the bar with its label inside the frame. */
export function Filter({ label, isSet, children }: { label: string; isSet: boolean; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is the child.
    <label className={css.filter} data-set={isSet || undefined}>
      <span>{label}:</span>
      {children}
    </label>
  );
}
