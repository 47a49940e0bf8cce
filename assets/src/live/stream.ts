import { createParser } from 'eventsource-parser';
import { authorized } from '../api/client';

/** One event of the stream: `id` grows, `data` is what the contract says of its name. */
export interface LiveEvent {
  readonly id: number;
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The server writes at least a comment every 15 seconds: after two missed, the connection is taken for dead. */
const SILENCE_MS = 32_000;

/**
 * Reads the stream until it ends, from after `after` where that is given.
 *
 * Throws as any call does; `signal` stops it. Returns when the server ends the stream, as it does when a token expires.
 */
export async function follow(
  after: number | undefined,
  signal: AbortSignal,
  opened: () => void,
  heard: (event: LiveEvent) => void,
): Promise<void> {
  const silence = new AbortController();
  const headers = new Headers({ accept: 'text/event-stream' });
  if (after !== undefined) headers.set('last-event-id', String(after));
  const stop = AbortSignal.any([signal, silence.signal]);
  const response = await authorized(
    new Request(new URL('/api/v1/events', location.origin), { headers, signal: stop, cache: 'no-store' }),
  );
  opened();
  const parser = createParser({
    onEvent: ({ id, event, data }) => {
      if (event === undefined || event === 'expired') return;
      heard({ id: Number(id ?? Number.NaN), name: event, data: JSON.parse(data || '{}') });
    },
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let alarm: ReturnType<typeof setTimeout> | undefined;
  try {
    for (;;) {
      alarm = setTimeout(() => silence.abort(), SILENCE_MS);
      const part = await reader?.read();
      clearTimeout(alarm);
      if (part === undefined || part.done) return;
      parser.feed(part.value);
    }
  } finally {
    clearTimeout(alarm);
  }
}
