import type { UseQueryResult } from '@tanstack/react-query';
import type { Schemas } from '../api/client';
import { auditText } from '../text';
import { CodeBlock } from '../ui/CodeBlock';
import { Failure } from '../ui/States';
import css from './Audit.module.css';

/** Whether the log is what was written. */
export function Verdict({ query }: { query: UseQueryResult<Schemas['AuditVerdict']> }) {
  if (query.isError) {
    return (
      <div className={css.failure}>
        <Failure what={auditText.verifyFailed} error={query.error} onRetry={() => void query.refetch()} />
      </div>
    );
  }
  const verdict = query.data;
  return (
    <div role="status">
      {query.isFetching ? <p className={css.verdict}>{auditText.verifying}</p> : null}
      {verdict === undefined || query.isFetching ? null : verdict.valid ? (
        <div className={css.verdict} data-valid>
          <p>
            <strong>{auditText.intact(verdict.entries)}</strong>
          </p>
          <p>{auditText.head}</p>
          <CodeBlock code={verdict.head} what={auditText.headOf} />
        </div>
      ) : (
        <div className={css.verdict} data-broken>
          <p>
            <strong>{auditText.broken(verdict.firstBad ?? verdict.entries)}</strong>
          </p>
          <p>{auditText.brokenWhy}</p>
        </div>
      )}
    </div>
  );
}
