import { useQuery } from '@tanstack/react-query';
import { api, data } from '../api/client';
import { DriftLines } from '../drifts/DriftLines';
import { useAccount } from '../shell/who';
import { dashboardText as t } from '../text';
import { Link } from '../ui/Link';
import { Loaded } from '../ui/Loaded';
import { Panel } from '../ui/Page';
import type { Search } from '../url/search';
import css from './Queue.module.css';

const SHOWN = 3;

/** What waits for me: what is assigned to me, and what is critical and waits for anybody. */
export function Queue() {
  const { email } = useAccount();
  return (
    <Panel title={t.queue}>
      <div className={css.parts}>
        <Part
          title={t.undecided}
          none={t.undecidedNone}
          search={{ status: 'detected,triaged', severity: 'critical' }}
        />
        <Part title={t.mine} none={t.mineNone} search={{ assignee: email, kind: 'all' }} />
      </div>
    </Panel>
  );
}

/** The first of a list; `search` is the list's, that leaves its defaults out. */
function Part({ title, none, search }: { title: string; none: string; search: Search }) {
  const drifts = useQuery({
    queryKey: ['metrics', 'queue', search],
    queryFn: ({ signal }) => {
      const query = {
        status: 'open',
        kind: 'modified,missing,unmanaged',
        ...search,
        sortBy: 'severity',
        limit: SHOWN,
      } as const;
      return data(api.GET('/api/v1/drifts', { params: { query }, signal }));
    },
  });
  const total = drifts.data?.pagination.total ?? 0;
  return (
    <section>
      <header className={css.header}>
        <h3>{title}</h3>
        {total > 0 ? (
          <Link to="/drifts" search={search}>
            {t.all(total)}
          </Link>
        ) : null}
      </header>
      <Loaded query={drifts} failed={t.queueFailed} rows={SHOWN} height="3.25rem">
        {({ items }) =>
          items.length === 0 ? (
            <p className={css.none}>{none}</p>
          ) : (
            <DriftLines drifts={items} search={search} longest={32} />
          )
        }
      </Loaded>
    </section>
  );
}
