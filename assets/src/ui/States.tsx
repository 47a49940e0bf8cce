import type { ReactNode } from 'react';
import { useEffect, useState } from 'react';
import { Problem } from '../api/problem';
import { common } from '../text';
import { Button } from './Button';
import { CopyButton } from './CopyButton';
import css from './States.module.css';

/** There is nothing, why that is, and what to do next. */
export function Empty({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className={css.state}>
      <p className={css.title}>{title}</p>
      {children ? <div className={css.text}>{children}</div> : null}
      {action ? <div className={css.action}>{action}</div> : null}
    </div>
  );
}

/** Something could not be fetched or done: what, the server's words, its trace id, and another try. */
export function Failure({
  what,
  error,
  onRetry,
}: {
  what: string;
  error: unknown;
  onRetry?: (() => void) | undefined;
}) {
  const trace = error instanceof Problem ? error.traceId : null;
  return (
    <div className={css.failure} role="alert">
      <p className={css.title}>{what}</p>
      <p className={css.text}>{error instanceof Error ? error.message : String(error)}</p>
      {trace ? (
        <p className={css.trace}>
          {common.traceId} <code>{trace}</code> <CopyButton text={trace} what={common.traceId} />
        </p>
      ) : null}
      {onRetry ? (
        <div className={css.action}>
          <Button size="small" onClick={onRetry}>
            {common.retry}
          </Button>
        </div>
      ) : null}
    </div>
  );
}

/** How long nothing is shown before a skeleton is: most answers come sooner. */
const PATIENCE_MS = 150;

/** Rows of the size of what is to come, once it takes long enough to be noticed. */
export function Skeleton({ rows, height = '2.75rem' }: { rows: number; height?: string }) {
  const [isDue, setDue] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setDue(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className={css.skeleton} data-due={isDue || undefined} role="status">
      <span className="visually-hidden">{common.loading}</span>
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows are all alike and never move.
        <span key={row} className={css.bone} style={{ height }} />
      ))}
    </div>
  );
}

/** A thin bar while what is shown is being fetched again. Its place is kept, so nothing moves. */
export function Refetching({ active }: { active: boolean }) {
  return <div className={css.bar} data-active={active || undefined} aria-hidden="true" />;
}
