import { SignedOut, session } from '../api/session';
import { cell } from '../cell';
import { waitMs } from './backoff';
import { follow, type LiveEvent } from './stream';

/*
 * One stream for all of a browser's tabs: over HTTP/1.1 there are six connections to a server, and each stream holds
 * one. The tab that gets the lock reads it and tells the others. Without locks (plain HTTP to another machine) each
 * tab reads its own.
 */

export type Connection =
  | { state: 'connecting' }
  | { state: 'live' }
  /** Since when it has been down, and when it is tried again. Milliseconds of the epoch. */
  | { state: 'down'; since: number; retryAt: number };

type Told =
  | { kind: 'event'; event: LiveEvent }
  | { kind: 'connection'; connection: Connection; last: number | undefined }
  /** A tab that has just been opened asks how things stand. */
  | { kind: 'ask' }
  /** Somebody pressed "Try now". */
  | { kind: 'retry' };

/** How the live stream stands, in this tab or the one that reads for it. */
export const connection = cell<Connection>({ state: 'connecting' });

const listeners = new Set<(event: LiveEvent) => void>();

/** Calls back with each event, until the returned function is called. */
export function onEvent(listener: (event: LiveEvent) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

const tabs = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel('driftsentry.live');
let last: number | undefined;
let isReading = false;
let retry: () => void = () => {};

/** Tries to connect at once, where it waits. */
export function tryNow(): void {
  if (isReading) retry();
  else tabs?.postMessage({ kind: 'retry' } satisfies Told);
}

/** Begins to listen, for as long as the page is open; pauses while nobody is signed in. */
export function listen(): void {
  tabs?.addEventListener('message', ({ data }: MessageEvent<Told>) => {
    if (data.kind === 'event') hear(data.event);
    else if (data.kind === 'connection' && !isReading) {
      last = data.last ?? last;
      connection.set(data.connection);
    } else if (data.kind === 'ask' && isReading) tell();
    else if (data.kind === 'retry' && isReading) retry();
  });
  tabs?.postMessage({ kind: 'ask' } satisfies Told);
  const { locks } = navigator as { locks?: LockManager };
  if (locks && tabs) void locks.request('driftsentry.live', read);
  else void read();
}

/** Reads for ever: a tab that has the lock keeps it until it is closed. */
async function read(): Promise<never> {
  isReading = true;
  let failures = 0;
  for (;;) {
    const ended = new AbortController();
    const leave = session.subscribe(() => {
      if (session.get().state !== 'in') ended.abort();
    });
    try {
      await signedIn();
      await follow(
        last,
        ended.signal,
        () => {
          failures = 0;
          stand({ state: 'live' });
        },
        (event) => {
          tabs?.postMessage({ kind: 'event', event } satisfies Told);
          hear(event);
        },
      );
    } catch (error) {
      if (!(error instanceof SignedOut) && session.get().state === 'in') {
        failures += 1;
        await pause(failures);
      }
    } finally {
      leave();
    }
  }
}

async function pause(failures: number) {
  const was = connection.get();
  const wait = waitMs(failures);
  stand({ state: 'down', since: was.state === 'down' ? was.since : Date.now(), retryAt: Date.now() + wait });
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, wait);
    retry = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}

function signedIn(): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      const now = session.get();
      // Who has to change a given password first may do nothing else.
      if (now.state !== 'in' || now.user.mustChangePassword) return;
      leave();
      resolve();
    };
    const leave = session.subscribe(look);
    look();
  });
}

function hear(event: LiveEvent) {
  if (Number.isFinite(event.id)) last = event.id;
  for (const listener of [...listeners]) listener(event);
}

function stand(now: Connection) {
  connection.set(now);
  tell();
}

function tell() {
  tabs?.postMessage({ kind: 'connection', connection: connection.get(), last } satisfies Told);
}
