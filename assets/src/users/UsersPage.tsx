import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { api, data, type Schemas } from '../api/client';
import { queries } from '../api/queries';
import { passFocusOn } from '../keyboard/rows';
import { pageSize } from '../preferences/preferences';
import { Forbidden } from '../shell/Failures';
import { useMay, useWriteBlock } from '../shell/who';
import { pages, usersText } from '../text';
import { Button } from '../ui/Button';
import { Loaded } from '../ui/Loaded';
import { Page, Panel } from '../ui/Page';
import { Pagination } from '../ui/Pagination';
import { SecretDialog } from '../ui/SecretDialog';
import { Refetching } from '../ui/States';
import { toast } from '../ui/Toasts';
import { IgnoredFilters } from '../url/IgnoredFilters';
import { pageOf } from '../url/page';
import { ignored } from '../url/search';
import { useUrlSearch } from '../url/useSearch';
import { useCell } from '../useCell';
import { EditUser } from './EditUser';
import { NewUser } from './NewUser';
import { DeleteUser, ResetPassword } from './UserDialogs';
import { UserTable } from './UserTable';

type User = Schemas['User'];

/** What is being done to whom. */
export type Task =
  | { kind: 'create' }
  | { kind: 'edit' | 'reset' | 'delete'; user: User }
  | { kind: 'secret'; email: string; password: string };

export function UsersPage() {
  return useMay().administer ? <Users /> : <Forbidden />;
}

function Users() {
  const [search, change] = useUrlSearch();
  const page = pageOf(search.page);
  const rows = Number(useCell(pageSize));
  const block = useWriteBlock();
  const [task, begin] = useState<Task | null>(null);
  const found = useQuery({
    queryKey: ['users', 'page', page, rows],
    queryFn: ({ signal }) => data(api.GET('/api/v1/users', { params: { query: { page, limit: rows } }, signal })),
    placeholderData: keepPreviousData,
  });
  const close = () => begin(null);
  const list = useRef<HTMLDivElement>(null);
  const done = (said: string) => {
    const fetched = queries.invalidateQueries({ queryKey: ['users'] });
    if (task !== null && 'user' in task) void passFocusOn(list.current, task.user.id, fetched);
    close();
    toast(said);
  };
  const tell = (email: string, password: string) => {
    void queries.invalidateQueries({ queryKey: ['users'] });
    begin({ kind: 'secret', email, password });
  };
  return (
    <Page
      title={pages.users}
      actions={
        <Button look="primary" disabled={block !== undefined} title={block} onClick={() => begin({ kind: 'create' })}>
          {usersText.create}
        </Button>
      }
    >
      <IgnoredFilters found={ignored(search, { page: null })} change={change} />
      <Panel title={found.data ? usersText.total(found.data.pagination.total) : usersText.table} flush>
        <Refetching active={found.isFetching && !found.isLoading} />
        <Loaded query={found} failed={usersText.failed} rows={6}>
          {({ items, pagination }) => (
            <div ref={list}>
              <UserTable users={items} busy={found.isFetching} block={block} onTask={begin} />
              <Pagination
                page={page}
                pageSize={rows}
                total={pagination.total}
                onPage={(next) => change({ page: next === 1 ? undefined : String(next) })}
              />
            </div>
          )}
        </Loaded>
      </Panel>
      {task?.kind === 'create' ? <NewUser onDone={done} onSecret={tell} onClose={close} /> : null}
      {task?.kind === 'edit' ? <EditUser user={task.user} onDone={done} onClose={close} /> : null}
      {task?.kind === 'reset' ? <ResetPassword user={task.user} onSecret={tell} onClose={close} /> : null}
      {task?.kind === 'delete' ? <DeleteUser user={task.user} onDone={done} onClose={close} /> : null}
      {task?.kind === 'secret' ? (
        <SecretDialog
          title={usersText.secretTitle}
          intro={usersText.secretFor(task.email)}
          secret={task.password}
          what={usersText.secret}
          onClose={close}
        />
      ) : null}
    </Page>
  );
}
