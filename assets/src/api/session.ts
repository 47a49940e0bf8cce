import { type Cell, cell } from '../cell';
import { Problem, Unreachable } from './problem';
import type { components } from './schema';

/*
 * Who is signed in. The access token stands in memory only; the refresh token is a cookie that no script can read, and
 * that the server changes each time. A second cookie, of ours, says no more than that there is one: without it, a page
 * that is opened by somebody who isn't signed in would have to ask in vain.
 */

type SignedIn = components['schemas']['SignedIn'];
export type Account = components['schemas']['Account'];

export type Session =
  /** Not yet known. */
  | { state: 'unknown' }
  | { state: 'out' }
  | { state: 'in'; user: Account; token: string; staleAt: number }
  /** It ended while pages were open: they stay, under a dialog that lets the same person in again. */
  | { state: 'lapsed'; user: Account };

/** A call that needs a session when there is none. */
export class SignedOut extends Error {
  constructor() {
    super('You are signed out.');
    this.name = 'SignedOut';
  }
}

const HINT = 'driftsentry_session';
const HINT_SECONDS = 7 * 86_400;
/** A token is renewed this long before it expires. */
const EARLY_MS = 30_000;

const cookieSet = () => document.cookie.split('; ').includes(`${HINT}=1`);

export const session: Cell<Session> = cell<Session>({ state: 'unknown' });

const otherTabs = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel('driftsentry.session');
otherTabs?.addEventListener('message', ({ data }) => {
  if (data === 'out') session.set({ state: 'out' });
  else if (data === 'in' && session.get().state !== 'in') void start();
});

/** Finds out whether this browser is signed in already. */
export async function start(): Promise<void> {
  if (!cookieSet()) {
    session.set({ state: 'out' });
    return;
  }
  for (;;) {
    try {
      await renew();
      return;
    } catch (error) {
      if (!(error instanceof Unreachable)) return;
      await new Promise((resolve) => setTimeout(resolve, 2_000));
    }
  }
}

/** Signs in. Throws the server's refusal. */
export async function signIn(email: string, password: string): Promise<Account> {
  const user = take(await post('login', { email, password, cookie: true }));
  otherTabs?.postMessage('in');
  return user;
}

const unsent = new Set<() => Promise<void>>();

/** Has `send` run before the session is signed out: what was put off is still sent as this person. */
export function beforeSignOut(send: () => Promise<void>): void {
  unsent.add(send);
}

/** Signs out, here and in this browser's other tabs. */
export async function signOut(): Promise<void> {
  await Promise.allSettled([...unsent].map((send) => send()));
  await post('logout', {});
  forget();
  session.set({ state: 'out' });
  otherTabs?.postMessage('out');
}

/** What the signed-in account looks like now, where a call has changed it. */
export function update(change: Partial<Account>): void {
  const now = session.get();
  if (now.state === 'in') session.set({ ...now, user: { ...now.user, ...change } });
}

/** A token that is good for a while yet. Throws `SignedOut` where there is none to be had. */
export async function accessToken(): Promise<string> {
  let now = session.get();
  if (now.state === 'in' && Date.now() >= now.staleAt) {
    await renew();
    now = session.get();
  }
  if (now.state !== 'in') throw new SignedOut();
  return now.token;
}

let renewing: Promise<void> | undefined;

/** Gets a new access token, one call at a time, also among tabs. Throws `SignedOut`, or `Unreachable`. */
export function renew(): Promise<void> {
  renewing ??= oneTab(async () => {
    try {
      take(await post('refresh', {}));
    } catch (error) {
      if (!(error instanceof Problem) || error.status >= 500 || error.status === 429) throw new Unreachable();
      lapse();
      throw new SignedOut();
    }
  }).finally(() => {
    renewing = undefined;
  });
  return renewing;
}

function lapse() {
  forget();
  const was = session.get();
  session.set('user' in was ? { state: 'lapsed', user: was.user } : { state: 'out' });
}

function take(answer: SignedIn): Account {
  const secure = location.protocol === 'https:' ? '; Secure' : '';
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not in all browsers that we serve.
  document.cookie = `${HINT}=1; Path=/; Max-Age=${HINT_SECONDS}; SameSite=Strict${secure}`;
  const lifetimeMs = answer.expiresIn * 1_000;
  const staleAt = Date.now() + lifetimeMs - Math.min(EARLY_MS, lifetimeMs / 2);
  session.set({ state: 'in', user: answer.user, token: answer.accessToken, staleAt });
  return answer.user;
}

function forget() {
  // biome-ignore lint/suspicious/noDocumentCookie: as above.
  document.cookie = `${HINT}=; Path=/; Max-Age=0; SameSite=Strict`;
}

async function post(call: 'login' | 'refresh' | 'logout', body: object): Promise<SignedIn> {
  let response: Response;
  try {
    response = await fetch(`/api/v1/auth/${call}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Unreachable();
  }
  if (!response.ok) throw await Problem.of(response);
  return (await response.json()).data;
}

/** Locks exist on https and localhost only; elsewhere the server's grace for a repeated token has to do. */
function oneTab<T>(work: () => Promise<T>): Promise<T> {
  const { locks } = navigator as { locks?: LockManager };
  return locks ? (locks.request('driftsentry.session', work) as Promise<T>) : work();
}
