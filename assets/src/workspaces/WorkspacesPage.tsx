import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { plural } from '../format/numbers';
import { useShortcuts } from '../keyboard/shortcuts';
import { pageSize } from '../preferences/preferences';
import { useMay, useWriteBlock } from '../shell/who';
import { common, pages, pushText, shell, workspacesText as t } from '../text';
import { Button } from '../ui/Button';
import { Field } from '../ui/Field';
import { Loaded } from '../ui/Loaded';
import { Page, Panel } from '../ui/Page';
import { Pagination } from '../ui/Pagination';
import { Empty, Refetching } from '../ui/States';
import { useTarget } from '../ui/useTarget';
import { go } from '../url/go';
import { IgnoredFilters } from '../url/IgnoredFilters';
import { pageOf } from '../url/page';
import { ignored } from '../url/search';
import { type ChangeSearch, useUrlSearch } from '../url/useSearch';
import { useCell } from '../useCell';
import { HEALTH_FILTERS, isHealthFilter } from './health';
import { FirstScan } from './push/FirstScan';
import { PushGuide } from './push/PushGuide';
import { type Listed, useWorkspaces, workspaceCount } from './queries';
import { WorkspaceDialog } from './WorkspaceDialog';
import css from './WorkspacesPage.module.css';
import { WorkspaceTable } from './WorkspaceTable';

/** A search is sent this long after the last letter. */
const DEBOUNCE_MS = 200;

export function WorkspacesPage() {
  const [search, change] = useUrlSearch();
  const size = Number(useCell(pageSize));
  const { administer } = useMay();
  const writeBlock = useWriteBlock();
  const [isMaking, make] = useState(false);
  const health = isHealthFilter(search.health) ? search.health : undefined;
  const name = search.name ?? '';
  const page = pageOf(search.page);
  const list = useWorkspaces({ name, health, page, size });
  const isFiltered = name !== '' || health !== undefined;
  const isFirstRun = !isFiltered && list.data?.total === 0;
  return (
    <Page
      title={pages.workspaces}
      actions={
        administer ? (
          <Button disabled={writeBlock !== undefined} title={writeBlock} onClick={() => make(true)}>
            {t.create}
          </Button>
        ) : null
      }
    >
      <IgnoredFilters
        found={ignored(search, { name: null, health: HEALTH_FILTERS, page: search.page === String(page) ? null : [] })}
        change={change}
      />
      {isFirstRun ? null : (
        <div className={css.list}>
          <Filters name={name} health={health} change={change} />
          <Refetching active={list.isFetching && list.data !== undefined} />
          <Loaded query={list} failed={t.failed} rows={8} height="3.4rem">
            {(listed) => <Rows listed={listed} page={page} size={size} busy={list.isFetching} change={change} />}
          </Loaded>
        </div>
      )}
      {list.isPending ? null : <Push isFirstRun={isFirstRun} />}
      {isMaking ? (
        <WorkspaceDialog
          onClose={() => make(false)}
          onSaved={(made) => {
            make(false);
            go(`/workspaces/${made.id}`);
          }}
        />
      ) : null}
    </Page>
  );
}

interface FiltersProps {
  name: string;
  health: string | undefined;
  change: ChangeSearch;
}

function Filters({ name, health, change }: FiltersProps) {
  const [typed, type] = useState(name);
  const [known, know] = useState(name);
  // The address has another name than before: unless it comes from here, the field follows.
  if (known !== name) {
    know(name);
    if (typed.trim() !== name) type(name);
  }
  const field = useRef<HTMLInputElement>(null);
  useShortcuts(t.keys, [{ keys: '/', label: shell.search, run: () => field.current?.focus() }]);
  useEffect(() => {
    if (typed.trim() === name) return;
    const timer = setTimeout(() => change({ name: typed.trim(), page: undefined }, 'replace'), DEBOUNCE_MS);
    return () => clearTimeout(timer);
  }, [typed, name, change]);
  return (
    <search className={css.filters}>
      <Field label={t.search} hideLabel>
        <input
          ref={field}
          type="search"
          placeholder={t.search}
          value={typed}
          maxLength={128}
          onChange={(event) => type(event.target.value)}
        />
      </Field>
      <Field label={t.health}>
        <select value={health ?? ''} onChange={(event) => change({ health: event.target.value, page: undefined })}>
          <option value="">{t.anyHealth}</option>
          {HEALTH_FILTERS.map((one) => (
            <option key={one} value={one}>
              {t.healths[one]}
            </option>
          ))}
        </select>
      </Field>
    </search>
  );
}

interface RowsProps {
  listed: Listed;
  page: number;
  size: number;
  busy: boolean;
  change: ChangeSearch;
}

function Rows({ listed, page, size, busy, change }: RowsProps) {
  const clear = () => change({ name: undefined, health: undefined, page: undefined });
  if (listed.total === 0) return <NoMatch onClear={clear} />;
  return (
    <>
      {listed.items.length === 0 ? (
        <Empty title={t.pastEnd} action={<Button onClick={() => change({ page: undefined })}>{t.firstPage}</Button>} />
      ) : (
        <WorkspaceTable workspaces={listed.items} busy={busy} />
      )}
      {listed.cutAt === null ? null : <p className={css.note}>{t.cut(listed.cutAt)}</p>}
      {listed.total > 25 ? (
        <Pagination
          page={page}
          pageSize={size}
          total={listed.total}
          onPage={(to) => change({ page: to === 1 ? undefined : String(to) })}
        />
      ) : (
        <p className={css.note}>{plural(listed.total, 'workspace')}</p>
      )}
    </>
  );
}

function NoMatch({ onClear }: { onClear: () => void }) {
  const all = useQuery(workspaceCount);
  return (
    <Empty title={t.noMatch} action={<Button onClick={onClear}>{common.clear}</Button>}>
      {all.data === undefined ? null : t.noMatchHow(all.data)}
    </Empty>
  );
}

/** How to push: the page itself where there is nothing yet, and folded up below the list else. */
function Push({ isFirstRun }: { isFirstRun: boolean }) {
  const target = useTarget('push');
  const [isOpen, open] = useState(location.hash === '#push');
  if (isFirstRun) {
    return (
      <div id="push" ref={target} className={css.first}>
        <Panel title={pushText.firstTitle}>
          <p className={css.intro}>
            {t.none}. {t.noneHow}
          </p>
          <PushGuide />
        </Panel>
        <FirstScan />
      </div>
    );
  }
  return (
    <details
      id="push"
      ref={target}
      className={css.push}
      open={isOpen}
      onToggle={(event) => open(event.currentTarget.open)}
    >
      <summary>
        <h2>{pushText.title}</h2>
      </summary>
      {isOpen ? <PushGuide /> : null}
    </details>
  );
}
