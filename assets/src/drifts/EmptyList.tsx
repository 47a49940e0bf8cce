import { useQuery } from '@tanstack/react-query';
import { api, data, type Schemas } from '../api/client';
import { driftListText as text } from '../text';
import { Button } from '../ui/Button';
import { Link } from '../ui/Link';
import { Empty, Failure, Skeleton } from '../ui/States';
import { Time } from '../ui/Time';
import { filterQuery, isPlain, PLAIN, type View } from './filters';
import { useDriftCount } from './useDriftList';

interface Props {
  view: View;
  total: number;
  pages: number;
  onPage: (page: number) => void;
  onClear: () => void;
}

/** Why there is no row, and what to do next. */
export function EmptyList({ view, total, pages, onPage, onClear }: Props) {
  if (total > 0) {
    return (
      <Empty
        title={text.empty.beyond(view.page, pages)}
        action={
          <>
            <Button look="primary" onClick={() => onPage(pages)}>
              {text.empty.lastPage}
            </Button>
            {pages > 1 ? <Button onClick={() => onPage(1)}>{text.empty.firstPage}</Button> : null}
          </>
        }
      />
    );
  }
  return isPlain(view.filters) ? <NothingOpen /> : <NothingMatches onClear={onClear} />;
}

function NothingMatches({ onClear }: { onClear: () => void }) {
  const without = useDriftCount(filterQuery(PLAIN));
  if (without.data === undefined && !without.isError) return <Skeleton rows={2} />;
  return (
    <Empty
      title={text.empty.filtered}
      action={
        <Button look="primary" onClick={onClear}>
          {text.filters.clearAll}
        </Button>
      }
    >
      {without.data === undefined ? null : without.data > 0 ? text.empty.without(without.data) : text.empty.noneWithout}
    </Empty>
  );
}

/** How many workspaces are asked for at once, and how often at most. */
const AT_ONCE = 100;
const ROUNDS = 20;

/** All workspaces: which of them are known to be clean can't be told from a part. */
async function allWorkspaces(signal: AbortSignal): Promise<Schemas['Workspace'][]> {
  const found: Schemas['Workspace'][] = [];
  for (let page = 1; page <= ROUNDS; page += 1) {
    const query = { page, limit: AT_ONCE };
    const { items, pagination } = await data(api.GET('/api/v1/workspaces', { params: { query }, signal }));
    found.push(...items);
    if (!pagination.hasMore) break;
  }
  return found;
}

function NothingOpen() {
  const all = useQuery({ queryKey: ['workspaces', 'all'], queryFn: ({ signal }) => allWorkspaces(signal) });
  if (all.isError) {
    return <Failure what={text.failed} error={all.error} onRetry={() => void all.refetch()} />;
  }
  if (all.data === undefined) return <Skeleton rows={2} />;
  const { clean, unchecked, last } = health(all.data);
  if (last === null) {
    return (
      <Empty title={text.empty.never} action={<Link to="/workspaces#push">{text.empty.howToPush}</Link>}>
        {text.empty.neverHint}
      </Empty>
    );
  }
  return (
    <Empty
      title={text.empty.good(clean)}
      action={
        <>
          <Link to="/drifts" search={{ status: 'all' }}>
            {text.empty.seeClosed}
          </Link>
          <Link to="/workspaces">{text.empty.seeWorkspaces}</Link>
        </>
      }
    >
      <p>
        {text.empty.lastScan} <Time at={last} />.
      </p>
      {unchecked > 0 ? <p>{text.empty.unchecked(unchecked)}</p> : null}
    </Empty>
  );
}

/** How many workspaces are known to be clean, how many nobody knows about, and when the newest scan was. */
export function health(all: readonly Pick<Schemas['Workspace'], 'lastScan' | 'silent'>[]) {
  const isChecked = ({ lastScan, silent }: (typeof all)[number]) => !silent && lastScan?.status === 'complete';
  const clean = all.filter(isChecked).length;
  const last = all.reduce<string | null>(
    (newest, { lastScan }) => (lastScan && (newest === null || lastScan.at > newest) ? lastScan.at : newest),
    null,
  );
  return { clean, unchecked: all.length - clean, last };
}
