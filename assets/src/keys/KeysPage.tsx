import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { api, data, type Schemas } from '../api/client';
import { queries } from '../api/queries';
import { passFocusOn } from '../keyboard/rows';
import { pageSize } from '../preferences/preferences';
import { Forbidden } from '../shell/Failures';
import { useMay, useWriteBlock } from '../shell/who';
import { keysText, pages } from '../text';
import { Button } from '../ui/Button';
import { Loaded } from '../ui/Loaded';
import { Page, Panel } from '../ui/Page';
import { Pagination } from '../ui/Pagination';
import { Empty, Refetching } from '../ui/States';
import { toast } from '../ui/Toasts';
import { IgnoredFilters } from '../url/IgnoredFilters';
import { pageOf } from '../url/page';
import { ignored } from '../url/search';
import { useUrlSearch } from '../url/useSearch';
import { useCell } from '../useCell';
import { KeyTable } from './KeyTable';
import { MadeKey } from './MadeKey';
import { NewKey } from './NewKey';
import { RevokeKey } from './RevokeKey';

type Task =
  | { kind: 'create' }
  | { kind: 'made'; key: Schemas['NewApiKey'] }
  | { kind: 'revoke'; key: Schemas['ApiKey'] };

export function KeysPage() {
  return useMay().administer ? <Keys /> : <Forbidden />;
}

function Keys() {
  const [search, change] = useUrlSearch();
  const page = pageOf(search.page);
  const rows = Number(useCell(pageSize));
  const block = useWriteBlock();
  const [task, begin] = useState<Task | null>(null);
  const list = useRef<HTMLDivElement>(null);
  const found = useQuery({
    queryKey: ['keys', 'page', page, rows],
    queryFn: ({ signal }) => data(api.GET('/api/v1/api-keys', { params: { query: { page, limit: rows } }, signal })),
    placeholderData: keepPreviousData,
  });
  const close = () => begin(null);
  const create = (
    <Button look="primary" disabled={block !== undefined} title={block} onClick={() => begin({ kind: 'create' })}>
      {keysText.create}
    </Button>
  );
  return (
    <Page title={pages.keys} actions={found.data?.pagination.total === 0 ? null : create}>
      <IgnoredFilters found={ignored(search, { page: null })} change={change} />
      <Panel
        title={found.data ? keysText.total(found.data.pagination.total) : keysText.table}
        aside={keysText.intro}
        flush
      >
        <Refetching active={found.isFetching && !found.isLoading} />
        <Loaded query={found} failed={keysText.failed} rows={4}>
          {({ items, pagination }) =>
            pagination.total === 0 ? (
              <Empty title={keysText.none} action={create}>
                {keysText.noneWhy}
              </Empty>
            ) : (
              <div ref={list}>
                <KeyTable
                  keys={items}
                  busy={found.isFetching}
                  block={block}
                  onRevoke={(key) => begin({ kind: 'revoke', key })}
                />
                <Pagination
                  page={page}
                  pageSize={rows}
                  total={pagination.total}
                  onPage={(next) => change({ page: next === 1 ? undefined : String(next) })}
                />
              </div>
            )
          }
        </Loaded>
      </Panel>
      {task?.kind === 'create' ? (
        <NewKey
          onMade={(key) => {
            void queries.invalidateQueries({ queryKey: ['keys'] });
            begin({ kind: 'made', key });
          }}
          onClose={close}
        />
      ) : null}
      {task?.kind === 'made' ? <MadeKey made={task.key} onClose={close} /> : null}
      {task?.kind === 'revoke' ? (
        <RevokeKey
          revoked={task.key}
          onDone={() => {
            void passFocusOn(list.current, task.key.id, queries.invalidateQueries({ queryKey: ['keys'] }));
            close();
            toast(keysText.revoked(task.key.name));
          }}
          onClose={close}
        />
      ) : null}
    </Page>
  );
}
