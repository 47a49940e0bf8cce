import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Schemas } from '../api/client';
import { showable } from '../diff/showable';
import { driftText, endings, roles } from '../text';
import { Link } from '../ui/Link';
import { Panel } from '../ui/Page';
import { Failure, Skeleton } from '../ui/States';
import { Time } from '../ui/Time';
import type { Search } from '../url/search';
import { actorName } from './actor';
import css from './DriftTimeline.module.css';
import { timelineQuery } from './one';

type Entry = Schemas['TimelineEntry'];
const text = driftText.timeline;

/** What happened to the drift, oldest first: who, when, and in which words. */
export function DriftTimeline({
  drift,
  search,
  children,
}: {
  drift: Schemas['Drift'];
  search: Search;
  /** What stands below: the way to add to it. */
  children: ReactNode;
}) {
  const answer = useQuery(timelineQuery(drift.id));
  return (
    <Panel title={text.title}>
      {answer.data ? (
        <ol className={css.list} aria-busy={answer.isRefetching}>
          {answer.data.map((entry) => (
            <One key={entry.id} entry={entry} search={search} />
          ))}
        </ol>
      ) : answer.error ? (
        <Failure what={text.failed} error={answer.error} onRetry={() => void answer.refetch()} />
      ) : (
        <Skeleton rows={Math.min(4, 1 + drift.alertCount)} />
      )}
      {answer.data?.length === 0 ? <p>{text.empty}</p> : null}
      {children}
    </Panel>
  );
}

function One({ entry, search }: { entry: Entry; search: Search }) {
  const scan = named(entry, 'scanId');
  const before = named(entry, 'recurrenceOf');
  return (
    <li className={css.entry} data-action={entry.action}>
      <p className={css.head}>
        <strong>{text.actions[entry.action]}</strong> <span>{showable(actorName(entry.actorEmail))}</span>{' '}
        {entry.actorEmail.startsWith('api-key:') ? null : <Role role={entry.actorRole} />}{' '}
        <span className={css.when}>
          <Time at={entry.timestamp} />
        </span>
      </p>
      <p className={css.message}>{showable(messageOf(entry))}</p>
      {scan || before ? (
        <p className={css.links}>
          {scan ? <Link to={`/scans/${scan}`}>{text.scan}</Link> : null}
          {before ? (
            <Link to={`/drifts/${before}`} search={search}>
              {text.before}
            </Link>
          ) : null}
        </p>
      ) : null}
    </li>
  );
}

function Role({ role }: { role: string }) {
  const known = Object.entries(roles).find(([name]) => name === role)?.[1];
  return known ? <span className={css.when}>{known}</span> : null;
}

/** What a program was told with it, where that is a text. */
function named({ metadata }: Entry, name: string): string | undefined {
  if (typeof metadata !== 'object' || metadata === null) return undefined;
  const found = Object.entries(metadata).find(([key]) => key === name)?.[1];
  return typeof found === 'string' ? found : undefined;
}

/** Its words; of an ending that nobody put into words, ours. */
function messageOf(entry: Entry): string {
  const how = named(entry, 'resolvedHow');
  const ending = Object.entries(endings).find(([name]) => name === how)?.[1];
  return ending !== undefined && entry.message === `Resolved: ${how}.` ? `${ending}.` : entry.message;
}
