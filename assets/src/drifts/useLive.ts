import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { api, data } from '../api/client';
import { onEvent } from '../live/live';
import type { LiveEvent } from '../live/stream';
import { useAccount } from '../shell/who';
import { KINDS, type ListQuery, SEVERITIES, STATUSES } from './filters';
import { fetchRow, outdatePages, patch, type Row } from './rows';

/*
 * What happens while the list is being read: rows change where they stand, and new ones are counted, not inserted.
 */

/** How long events gather before their drifts are fetched. */
const COALESCE_MS = 500;
const FLASH_MS = 2_000;
/** Up to so many drifts are asked for one by one. */
const ONE_BY_ONE = 10;
/** How many of the newest are looked through for new ones. */
const NEWEST = 100;

export interface Fresh {
  readonly ids: ReadonlySet<string>;
  /** There may be more than those. */
  readonly isMore: boolean;
}

const NOTHING_NEW: Fresh = { ids: new Set(), isMore: false };

export interface Live {
  fresh: Fresh;
  /** Rows that have just changed, for as long as that is to be seen. */
  flashed: ReadonlySet<string>;
  /** Who else has decided on a row while it stood here. */
  deciders: ReadonlyMap<string, string>;
  flash: (ids: Iterable<string>) => void;
}

/** Keeps the rows of a page up to date. `isFetching` says that the page itself is being fetched: then nothing is new any more. */
export function useLive(query: ListQuery, rows: readonly Row[], isFetching: boolean): Live {
  const me = useAccount().email;
  const latest = useRef({ query, rows, me });
  latest.current = { query, rows, me };
  const [fresh, setFresh] = useState(NOTHING_NEW);
  const [flashed, setFlashed] = useState<ReadonlySet<string>>(new Set());
  const [deciders, setDeciders] = useState<ReadonlyMap<string, string>>(new Map());
  /** Drifts that were created since the page was fetched, by when that was heard. */
  const created = useRef(new Map<string, number>());

  const flash = useCallback((ids: Iterable<string>) => {
    const added = [...ids];
    if (added.length === 0) return;
    setFlashed((before) => new Set([...before, ...added]));
    setTimeout(() => setFlashed((now) => new Set([...now].filter((id) => !added.includes(id)))), FLASH_MS);
  }, []);

  useEffect(() => {
    const changed = new Map<string, LiveEvent>();
    let hasNew = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const flush = async () => {
      timer = undefined;
      const events = new Map(changed);
      changed.clear();
      const isNew = hasNew;
      hasNew = false;
      outdatePages();
      const { query, me } = latest.current;
      if (isNew) {
        const found = await newest(query, created.current).catch(() => null);
        if (found && latest.current.query === query) setFresh(found);
      }
      if (events.size === 0) return;
      const now = await rowsAfter(events, query);
      patch(now);
      outdatePages();
      flash(now.keys());
      const who = await decidersOf(events, now);
      setDeciders((before) => new Map([...before, ...[...who].filter(([, one]) => one !== me)]));
    };
    const leave = onEvent((event) => {
      if (!event.name.startsWith('drift:')) return;
      const id = String(event.data.id);
      const row = latest.current.rows.find((one) => one.id === id);
      if (event.name === 'drift:created') {
        created.current.set(id, Date.now());
        hasNew = true;
      } else if (row && isLater(event, row)) changed.set(id, event);
      timer ??= setTimeout(() => void flush(), COALESCE_MS);
    });
    return () => {
      leave();
      clearTimeout(timer);
    };
  }, [flash]);

  useEffect(() => {
    if (!isFetching) return;
    const began = Date.now();
    return () => {
      for (const [id, heard] of created.current) if (heard < began) created.current.delete(id);
      setFresh(NOTHING_NEW);
      setDeciders((before) => (before.size === 0 ? before : new Map()));
    };
  }, [isFetching]);

  return useMemo(() => ({ fresh, flashed, deciders, flash }), [fresh, flashed, deciders, flash]);
}

/** Which of the drifts that were created are among the newest that match. */
async function newest(query: ListQuery, created: ReadonlyMap<string, number>): Promise<Fresh> {
  const asked: ListQuery = { ...query, sortBy: 'createdAt', sortOrder: 'desc', page: 1, limit: NEWEST };
  const { items } = await data(api.GET('/api/v1/drifts', { params: { query: asked } }));
  const ids = items.map(({ id }) => id).filter((id) => created.has(id));
  return { ids: new Set(ids), isMore: ids.length === NEWEST };
}

/**
 * The rows as they are after some events: many of them with their page, and one by one those that it no longer has.
 * Where one can't be fetched, what its event says of it has to do.
 */
async function rowsAfter(events: ReadonlyMap<string, LiveEvent>, query: ListQuery) {
  const rows = new Map<string, Row>();
  if (events.size > ONE_BY_ONE) {
    const page = await data(api.GET('/api/v1/drifts', { params: { query } })).catch(() => null);
    for (const row of page?.items ?? []) if (events.has(row.id)) rows.set(row.id, row);
  }
  const missing = [...events.keys()].filter((id) => !rows.has(id));
  for (const one of await Promise.allSettled(missing.map((id) => fetchRow(id)))) {
    if (one.status === 'fulfilled') rows.set(one.value.row.id, one.value.row);
  }
  const found = new Map<string, Partial<Row>>();
  for (const [id, { data }] of events) found.set(id, rows.get(id) ?? told(data));
  return found;
}

/** What an event says of a drift. */
export function told(data: LiveEvent['data']): Partial<Row> {
  const status = STATUSES.find((one) => one === data.status);
  const severity = SEVERITIES.find((one) => one === data.severity);
  const kind = KINDS.find((one) => one === data.kind);
  return {
    ...(status ? { status } : {}),
    ...(severity ? { severity } : {}),
    ...(kind ? { kind } : {}),
    ...(typeof data.assignee === 'string' || data.assignee === null ? { assignee: data.assignee } : {}),
    ...(typeof data.updatedAt === 'string' ? { updatedAt: data.updatedAt } : {}),
  };
}

/** Who decided, by drift. A row names who approved or rejected it; for the other decisions its timeline is asked. */
async function decidersOf(events: ReadonlyMap<string, LiveEvent>, rows: ReadonlyMap<string, Partial<Row>>) {
  const found = new Map<string, string>();
  const asked: Promise<void>[] = [];
  for (const [id, { name }] of events) {
    const row = rows.get(id);
    const who = name === 'drift:approved' ? row?.approvedBy : name === 'drift:rejected' ? row?.rejectedBy : null;
    if (who) found.set(id, who);
    else if (['drift:triaged', 'drift:resolved'].includes(name) && events.size <= ONE_BY_ONE) {
      const action = name.slice('drift:'.length);
      asked.push(
        data(api.GET('/api/v1/drifts/{id}/timeline', { params: { path: { id } } })).then(({ items }) => {
          const entry = items.findLast((one) => one.action === action);
          if (entry?.actorEmail) found.set(id, entry.actorEmail);
        }),
      );
    }
  }
  await Promise.allSettled(asked);
  return found;
}

/** Whether the event tells something that the row doesn't have yet: one's own decision stands there before it is told. */
function isLater({ data }: LiveEvent, row: Row): boolean {
  return typeof data.updatedAt !== 'string' || Date.parse(data.updatedAt) > Date.parse(row.updatedAt);
}
