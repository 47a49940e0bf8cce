import { api, data, type Schemas } from '../api/client';
import { queries } from '../api/queries';
import { beforeSignOut, session } from '../api/session';
import { cell } from '../cell';
import { onEvent } from '../live/live';
import { alertsText, common } from '../text';
import { dismiss, toast } from '../ui/Toasts';
import { type Marks, NO_MARKS, withMark, withoutMark, withRead } from './marks';

/*
 * Marking alerts as read. The server can't take it back, so it is told ten seconds later: until then it can be undone.
 * What is still untold when the page is left or the session ends is told then.
 */

const UNDO_MS = 10_000;

export const marks = cell<Marks>(NO_MARKS);

let timer: ReturnType<typeof setTimeout> | undefined;
let said: number | undefined;
/** An alert was raised since all were marked: it isn't among them. */
let hasArrived = false;

/** Marks one. The time to undo starts anew for all that were marked just before. */
export function markRead(alert: Pick<Schemas['Alert'], 'id' | 'severity'>): void {
  marks.set(withMark(marks.get(), alert));
  wait(marks.get().pending.size);
}

/** Marks all that are unread, up to the newest alert. */
export function markAllRead(unread: number, newest: string): void {
  hasArrived = false;
  marks.set({ ...marks.get(), pendingUpTo: newest });
  wait(unread);
}

/** Takes one mark back. */
export function unmark(id: string): void {
  marks.set(withoutMark(marks.get(), id));
  const { pending, pendingUpTo } = marks.get();
  if (pending.size === 0 && pendingUpTo === null) settle();
}

function undo() {
  settle();
  marks.set({ ...marks.get(), pending: new Map(), pendingUpTo: null });
}

function wait(marked: number) {
  settle();
  timer = setTimeout(() => void send(), UNDO_MS);
  said = toast(alertsText.marked(marked), { action: { label: common.undo, run: undo }, lastsMs: UNDO_MS });
}

/** It can no longer be undone, or was. */
function settle() {
  clearTimeout(timer);
  timer = undefined;
  if (said !== undefined) dismiss(said);
  said = undefined;
}

async function send(): Promise<void> {
  settle();
  const { pending, pendingUpTo } = marks.get();
  if (pendingUpTo !== null) await sendAll(pendingUpTo);
  else if (pending.size > 0) await sendEach([...pending.keys()]);
}

async function sendEach(ids: readonly string[]) {
  const answers = await Promise.allSettled(ids.map(tell));
  const told = ids.filter((_, at) => answers[at]?.status === 'fulfilled');
  await recount();
  marks.set(withRead(ids.reduce(withoutMark, marks.get()), told));
  const failure = answers.find((answer) => answer.status === 'rejected');
  if (failure) fail(alertsText.markFailed(ids.length - told.length), failure.reason);
}

async function sendAll(upTo: string) {
  let readUpTo: string | null = null;
  try {
    const newest = await data(api.GET('/api/v1/alerts', { params: { query: { limit: 1 } } }));
    const isSame = (newest.items[0]?.id ?? upTo) <= upTo;
    if (isSame) await data(api.POST('/api/v1/alerts/mark-all-read'));
    // The call marks those, too, that nobody has seen yet: then each of the others is marked by itself.
    else for (const id of await unreadUpTo(upTo)) await tell(id);
    readUpTo = upTo;
  } catch (error) {
    fail(alertsText.markAllFailed, error);
  }
  await recount();
  marks.set(withRead({ ...marks.get(), pending: new Map(), pendingUpTo: null }, [], readUpTo));
}

/** Gets the menu's number anew before the marks go, so that it doesn't jump back and forth. */
async function recount() {
  const queryKey = ['alerts', 'unread'];
  await queries.cancelQueries({ queryKey });
  await queries.invalidateQueries({ queryKey });
}

async function unreadUpTo(upTo: string): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | null = null;
  do {
    const query = { isRead: false, limit: 100, ...(cursor === null ? {} : { cursor }) };
    const page: Schemas['AlertPage'] = await data(api.GET('/api/v1/alerts', { params: { query } }));
    ids.push(...page.items.map(({ id }) => id).filter((id) => id <= upTo));
    cursor = page.pagination.nextCursor ?? null;
  } while (cursor !== null);
  return ids;
}

function tell(id: string): Promise<unknown> {
  return data(api.POST('/api/v1/alerts/{id}/mark-read', { params: { path: { id } } }));
}

function fail(what: string, error: unknown) {
  toast(`${what}: ${error instanceof Error ? error.message : String(error)}`, { tone: 'failed' });
}

/** The page goes away: what can't wait is sent by the browser on its own. */
function sendOnLeaving() {
  const now = session.get();
  const { pending, pendingUpTo } = marks.get();
  if (now.state !== 'in' || (pending.size === 0 && pendingUpTo === null)) return;
  settle();
  const paths =
    pendingUpTo !== null && !hasArrived ? ['mark-all-read'] : [...pending.keys()].map((id) => `${id}/mark-read`);
  for (const path of paths) {
    void fetch(`/api/v1/alerts/${path}`, {
      method: 'POST',
      keepalive: true,
      headers: { authorization: `Bearer ${now.token}` },
    }).catch(() => {});
  }
  const upTo = hasArrived ? null : pendingUpTo;
  marks.set(withRead({ ...marks.get(), pending: new Map(), pendingUpTo: null }, pending.keys(), upTo));
}

addEventListener('pagehide', sendOnLeaving);
beforeSignOut(send);
onEvent(({ name, data: about }) => {
  if (name === 'alert:created') hasArrived = true;
  if (name !== 'alert:read') return;
  const id = String(about.id);
  // Read by somebody else in the meantime: then there is nothing to tell any more.
  const now = timer === undefined ? marks.get() : withoutMark(marks.get(), id);
  marks.set(withRead(now, [id]));
});
