import { useQuery, useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useRef } from 'react';
import { useParams } from 'wouter';
import { Problem } from '../api/problem';
import { showable } from '../diff/showable';
import { useShortcuts } from '../keyboard/shortcuts';
import { NotFound } from '../shell/Failures';
import { useMay } from '../shell/who';
import { common, driftText } from '../text';
import { Breakable } from '../ui/Breakable';
import { Chip } from '../ui/Chip';
import { CopyButton } from '../ui/CopyButton';
import { Link } from '../ui/Link';
import { Page } from '../ui/Page';
import { Failure, Refetching, Skeleton } from '../ui/States';
import { go } from '../url/go';
import { type Search, stringifySearch } from '../url/search';
import { type ChangeSearch, useUrlSearch } from '../url/useSearch';
import { CommentForm } from './CommentForm';
import { DriftDecisions } from './DriftDecisions';
import { DriftFacts } from './DriftFacts';
import css from './DriftPage.module.css';
import { DriftSteps } from './DriftSteps';
import { DriftTimeline } from './DriftTimeline';
import { ignoredOf } from './filters';
import { type Neighbour, useNeighbours } from './neighbours';
import { driftQuery, type Whole } from './one';

// What compares is fetched beside the drift itself, not after it.
const loadDiff = () => import('./DriftDiff');
loadDiff().catch(() => undefined);
const DriftDiff = lazy(async () => ({ default: (await loadDiff()).DriftDiff }));

/** One drift: what it is, what differs, what was decided about it, and the way to the next. */
export function DriftPage() {
  const { id = '' } = useParams();
  const [search, change] = useUrlSearch();
  const answer = useQuery(driftQuery(id));
  const above = (
    <Link to="/drifts" search={search}>
      <span aria-hidden="true">‹ </span>
      {driftText.list}
    </Link>
  );
  useShortcuts(driftText.keys, [
    { keys: 'u', label: driftText.backToList, run: () => go(`/drifts${stringifySearch(search)}`) },
  ]);
  if (answer.data) {
    return (
      <Loaded
        whole={answer.data}
        search={search}
        onSearch={change}
        above={above}
        isFetching={answer.isRefetching}
        failure={answer.error}
        onRetry={() => void answer.refetch()}
      />
    );
  }
  const isUnknown = answer.error instanceof Problem && [400, 404].includes(answer.error.status);
  if (isUnknown) return <NotFound />;
  return (
    <Page title={driftText.list} above={above}>
      {answer.error ? (
        <Failure what={driftText.failed} error={answer.error} onRetry={() => void answer.refetch()} />
      ) : (
        <Skeleton rows={8} />
      )}
    </Page>
  );
}

interface Props {
  whole: Whole;
  search: Search;
  onSearch: ChangeSearch;
  above: React.ReactNode;
  isFetching: boolean;
  failure: unknown;
  onRetry: () => void;
}

function Loaded({ whole, search, onSearch, above, isFetching, failure, onRetry }: Props) {
  const { drift } = whole;
  const address = showable(drift.resourceAddress);
  const neighbours = useNeighbours(drift.id, search);
  const comment = useRef<HTMLTextAreaElement>(null);
  const client = useQueryClient();
  const { decide } = useMay();
  const unknown = Object.entries(ignoredOf(search));
  const nextId = neighbours?.next?.id;
  useEffect(() => {
    if (nextId !== undefined) void client.prefetchQuery(driftQuery(nextId));
  }, [client, nextId]);
  const to = ({ id, page }: Neighbour) => ({
    to: `/drifts/${id}`,
    search: Object.fromEntries(
      Object.entries({ ...search, page: page === 1 ? '' : String(page) }).filter(([, value]) => value !== ''),
    ),
  });
  return (
    <Page
      title={address}
      heading={
        <>
          <bdi className={css.address} data-long={address.length > 80 || undefined}>
            <Breakable text={address} />
          </bdi>{' '}
          <CopyButton text={drift.resourceAddress} what={driftText.address} />
        </>
      }
      above={above}
      actions={<DriftSteps neighbours={neighbours} to={to} />}
    >
      {unknown.length > 0 ? (
        <div className={css.chips}>
          {unknown.map(([name, value]) => (
            <Chip
              key={name}
              label={common.ignoredFilter(name, value)}
              onRemove={() => onSearch({ [name]: undefined }, 'replace')}
            />
          ))}
        </div>
      ) : null}
      {failure ? <Failure what={driftText.failed} error={failure} onRetry={onRetry} /> : null}
      <div className={css.parts} aria-busy={isFetching}>
        <div className={css.bar}>
          <Refetching active={isFetching} />
        </div>
        <DriftFacts drift={drift} search={search} />
        <DriftDecisions whole={whole} next={neighbours?.next && to(neighbours.next)} />
        <Suspense fallback={<Skeleton rows={4} />}>
          <DriftDiff drift={drift} />
        </Suspense>
        <DriftTimeline drift={drift} search={search}>
          {decide ? <CommentForm id={drift.id} field={comment} /> : null}
        </DriftTimeline>
      </div>
    </Page>
  );
}
