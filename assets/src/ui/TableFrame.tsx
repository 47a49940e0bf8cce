import type { ReactNode } from 'react';
import css from './TableFrame.module.css';

interface Props {
  /** What the table is, for those who don't see it. */
  label: string;
  busy?: boolean;
  /** Below 640 px each row stands as a card; cells then name themselves by `data-label`. */
  cards?: boolean;
  compact?: boolean;
  /** Its columns fit wherever it is shown as a table: nothing scrolls, and the header stays in sight. */
  fits?: boolean;
  children: ReactNode;
}

/** The frame of a `table`: where it is too wide, it scrolls inside, also by the keyboard. */
export function TableFrame({ label, busy = false, cards = false, compact = false, fits = false, children }: Props) {
  return (
    <section
      className={css.frame}
      aria-label={label}
      aria-busy={busy}
      tabIndex={fits ? undefined : 0}
      data-cards={cards || undefined}
      data-compact={compact || undefined}
      data-fits={fits || undefined}
    >
      {children}
    </section>
  );
}
