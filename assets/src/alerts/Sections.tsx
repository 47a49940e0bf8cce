import type { InfiniteData, UseInfiniteQueryResult, UseQueryResult } from '@tanstack/react-query';
import { useRef } from 'react';
import type { Schemas } from '../api/client';
import { count } from '../format/numbers';
import { alertsText } from '../text';
import { Button } from '../ui/Button';
import { Loaded } from '../ui/Loaded';
import { Panel } from '../ui/Page';
import { Pagination } from '../ui/Pagination';
import { Refetching } from '../ui/States';
import type { ChangeSearch } from '../url/useSearch';
import { AlertRow } from './AlertRow';
import css from './Alerts.module.css';
import type { Gathered } from './gather';

type Alert = Schemas['Alert'];

interface UnreadProps {
  query: UseInfiniteQueryResult<InfiniteData<Gathered<Alert>>>;
  /** How many are unread, all of them, as far as it is known. */
  left: number | undefined;
}

export function UnreadAlerts({ query, left }: UnreadProps) {
  const list = useRef<HTMLUListElement>(null);
  const title = left === undefined ? alertsText.unread : `${alertsText.unread} (${count(left)})`;
  const more = async () => {
    const before = list.current?.children.length ?? 0;
    await query.fetchNextPage();
    const first = list.current?.children[before]?.querySelector('a');
    first?.focus();
  };
  return (
    <Panel title={title} aside={alertsText.unreadDetail} flush>
      <Refetching active={query.isFetching && query.isPlaceholderData} />
      <Loaded query={query} failed={alertsText.failed} rows={5} height="4rem">
        {({ pages }) => {
          const alerts = pages.flatMap(({ items }) => items);
          if (alerts.length === 0) return <p className={css.nothing}>{alertsText.noUnread}</p>;
          return (
            <>
              <ul className={css.list} ref={list} aria-busy={query.isFetching}>
                {alerts.map((alert) => (
                  <AlertRow key={alert.id} alert={alert} isMarkable />
                ))}
              </ul>
              {query.hasNextPage ? (
                <div className={css.more}>
                  <Button busy={query.isFetchingNextPage} onClick={() => void more()}>
                    {alertsText.more}
                  </Button>
                </div>
              ) : null}
            </>
          );
        }}
      </Loaded>
    </Panel>
  );
}

interface ReadProps {
  query: UseQueryResult<Schemas['AlertPage']>;
  page: number;
  rows: number;
  change: ChangeSearch;
}

export function ReadAlerts({ query, page, rows, change }: ReadProps) {
  const total = query.data?.pagination.total;
  return (
    <Panel
      title={total === undefined ? alertsText.read : `${alertsText.read} (${count(total)})`}
      aside={alertsText.readDetail}
      flush
    >
      <Refetching active={query.isFetching && query.isPlaceholderData} />
      <Loaded query={query} failed={alertsText.failed} rows={8} height="4rem">
        {({ items, pagination }) =>
          pagination.total === 0 ? (
            <p className={css.nothing}>{alertsText.noRead}</p>
          ) : (
            <>
              <ul className={css.list} aria-busy={query.isFetching}>
                {items.map((alert) => (
                  <AlertRow key={alert.id} alert={alert} isMarkable={false} />
                ))}
              </ul>
              <Pagination
                page={page}
                pageSize={rows}
                total={pagination.total}
                onPage={(next) => change({ page: next === 1 ? undefined : String(next) })}
              />
            </>
          )
        }
      </Loaded>
    </Panel>
  );
}
