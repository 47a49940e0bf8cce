import { beforeEach, describe, expect, it, vi } from 'vitest';
import { api, data } from './client';
import { Problem, Unreachable } from './problem';
import { accessToken, SignedOut, session, signIn, start } from './session';

const user = {
  id: 'u',
  email: 'ana@example.com',
  role: 'engineer',
  firstName: null,
  lastName: null,
  mustChangePassword: false,
};
const tokens = (accessToken: string, expiresIn = 900) =>
  Response.json({ success: true, data: { accessToken, refreshToken: null, tokenType: 'Bearer', expiresIn, user } });
const refusal = (status: number, code: string) =>
  Response.json(
    {
      success: false,
      error: {
        code,
        message: 'no',
        details: { errors: [{ field: 'name', message: 'taken' }] },
        traceId: 't-1',
        timestamp: '',
      },
    },
    { status },
  );

const sent: { path: string; token: string | null }[] = [];
function answers(...list: (Response | Error)[]) {
  sent.length = 0;
  vi.stubGlobal('fetch', async (request: Request | string) => {
    const path = typeof request === 'string' ? request : new URL(request.url).pathname;
    sent.push({ path, token: typeof request === 'string' ? null : request.headers.get('authorization') });
    const next = list.shift();
    if (next === undefined) throw new Error(`not expected: ${path}`);
    if (next instanceof Error) throw next;
    return next;
  });
}
const me = () => data(api.GET('/api/v1/users/me'));

beforeEach(() => {
  // biome-ignore lint/suspicious/noDocumentCookie: the tests' own.
  document.cookie = 'driftsentry_session=; Path=/; Max-Age=0';
  session.set({ state: 'unknown' });
});

describe('a session', () => {
  it('is not asked for where this browser has none', async () => {
    answers();
    await start();
    expect(session.get().state).toBe('out');
  });

  it('goes on where the browser has one', async () => {
    answers(tokens('one'), tokens('two'));
    await signIn('ana@example.com', 'secret');
    session.set({ state: 'unknown' });
    await start();
    expect(session.get()).toMatchObject({ state: 'in', token: 'two', user: { email: 'ana@example.com' } });
  });

  it('gets a new token before the old one expires, once for all who ask', async () => {
    answers(tokens('one', 0), tokens('two'));
    await signIn('ana@example.com', 'secret');
    expect(await Promise.all([accessToken(), accessToken(), accessToken()])).toEqual(['two', 'two', 'two']);
  });

  it('asks again with a new token where the old one is refused', async () => {
    answers(tokens('one'), refusal(401, 'AUTH_ERROR'), tokens('two'), Response.json({ data: { id: 'u' } }));
    await signIn('ana@example.com', 'secret');
    expect(await me()).toEqual({ id: 'u' });
    expect(sent.map(({ token }) => token)).toEqual([null, 'Bearer one', null, 'Bearer two']);
  });

  it('lapses when it is refused, and keeps who it was', async () => {
    answers(tokens('one'), refusal(401, 'AUTH_ERROR'), refusal(401, 'AUTH_ERROR'));
    await signIn('ana@example.com', 'secret');
    await expect(me()).rejects.toBeInstanceOf(SignedOut);
    expect(session.get()).toMatchObject({ state: 'lapsed', user: { email: 'ana@example.com' } });
  });

  it('stays when the server is only away', async () => {
    answers(tokens('one', 0), new TypeError('network'));
    await signIn('ana@example.com', 'secret');
    await expect(me()).rejects.toBeInstanceOf(Unreachable);
    expect(session.get().state).toBe('in');
  });
});

describe('a refusal', () => {
  it('keeps the server’s words, its trace id and its fields', async () => {
    answers(tokens('one'), refusal(400, 'VALIDATION_ERROR'));
    await signIn('ana@example.com', 'secret');
    const problem = await me().catch((error: unknown) => error);
    expect(problem).toBeInstanceOf(Problem);
    expect(problem).toMatchObject({ status: 400, code: 'VALIDATION_ERROR', message: 'no', traceId: 't-1' });
    expect((problem as Problem).field('name')).toBe('taken');
  });

  it('that isn’t ours is told by its status', async () => {
    answers(tokens('one'), new Response('<h1>Bad gateway</h1>', { status: 502 }));
    await signIn('ana@example.com', 'secret');
    await expect(me()).rejects.toThrow('status 502');
  });
});
