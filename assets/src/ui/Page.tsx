import { type ReactNode, useEffect, useRef } from 'react';
import { hasMoved } from '../url/go';
import css from './Page.module.css';

interface Props {
  /** The heading, and the window's title. */
  title: string;
  /** What stands in the heading instead of the title's plain text. */
  heading?: ReactNode;
  /** What stands above it: where this page belongs. */
  above?: ReactNode;
  /** What can be done, beside the heading. */
  actions?: ReactNode;
  children: ReactNode;
}

/** A page: it names the window, and its heading has the focus when one comes from another page. */
export function Page({ title, heading, above, actions, children }: Props) {
  const h1 = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · DriftSentry`;
  }, [title]);
  useEffect(() => {
    if (hasMoved() && !document.querySelector('dialog[open]')) h1.current?.focus({ preventScroll: true });
  }, []);
  return (
    <div className={css.page}>
      <header className={css.header}>
        <div className={css.heading}>
          {above ? <div className={css.above}>{above}</div> : null}
          <h1 ref={h1} tabIndex={-1}>
            {heading ?? title}
          </h1>
        </div>
        {actions ? <div className={css.actions}>{actions}</div> : null}
      </header>
      {children}
    </div>
  );
}

/** A part of a page with a heading of its own. */
export function Panel({
  title,
  aside,
  children,
  flush = false,
}: {
  title: ReactNode;
  aside?: ReactNode;
  children: ReactNode;
  /** Its content reaches its edges, as a table's does. */
  flush?: boolean;
}) {
  return (
    <section className={css.panel}>
      <header className={css.panelHeader}>
        <h2>{title}</h2>
        {aside ? <div className={css.aside}>{aside}</div> : null}
      </header>
      <div className={flush ? css.flush : css.content}>{children}</div>
    </section>
  );
}
