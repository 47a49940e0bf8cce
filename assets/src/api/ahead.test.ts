import { afterEach, expect, it, vi } from 'vitest';
import { listQuery, viewOf } from '../drifts/filters';
import { firstCalls } from '../firstCalls';
import { parseSearch } from '../url/search';
import { askAhead } from './ahead';
import { api, data } from './client';
import { session } from './session';

const user = { id: 'u', email: 'ana@example.com', role: 'viewer', firstName: null, lastName: null } as const;
const sent: string[] = [];

function answers(...list: (Response | Error)[]) {
  sent.length = 0;
  session.set({
    state: 'in',
    user: { ...user, mustChangePassword: false },
    token: 't',
    staleAt: Number.POSITIVE_INFINITY,
  });
  vi.stubGlobal('fetch', async (request: Request | string) => {
    const { pathname, search } = new URL(typeof request === 'string' ? request : request.url, location.origin);
    sent.push(`${pathname}${search}`);
    const next = list.shift();
    if (next === undefined || next instanceof Error) throw next ?? new Error(`not expected: ${pathname}`);
    return next;
  });
}

const page = (name: string) => Response.json({ success: true, data: { name } });
const list = (search: string) =>
  data(api.GET('/api/v1/drifts', { params: { query: listQuery(viewOf(parseSearch(search)), 25) } }));

afterEach(() => session.set({ state: 'out' }));

it.each(['', '?status=all', '?workspace=shop/prod,a%26b&search=%25+x&sortBy=detectedAt&page=3', '?kind=nonsense'])(
  'asks ahead for just what the list of %s then asks for, and only once',
  async (search) => {
    answers(page('ahead'), page('later'));
    const [call = ''] = firstCalls({ pathname: '/drifts', search });
    askAhead(call, 't');
    expect(await list(search)).toEqual({ name: 'ahead' });
    expect(sent).toEqual([call]);
    expect(await list(search)).toEqual({ name: 'later' });
    expect(sent).toEqual([call, call]);
  },
);

it('asks again where no answer came, and for anything else', async () => {
  answers(new Error('no network'), page('again'), page('other'));
  askAhead(firstCalls({ pathname: '/drifts', search: '' })[0] ?? '', 't');
  expect(await list('')).toEqual({ name: 'again' });
  expect(await list('?page=2')).toEqual({ name: 'other' });
});

it('knows what a drift’s page asks for', () => {
  const id = '0198c0de-0000-7000-8000-000000000001';
  expect(firstCalls({ pathname: `/drifts/${id}`, search: '' })).toContain(`/api/v1/drifts/${id}`);
  expect(firstCalls({ pathname: '/drifts/x', search: '' })).toEqual(['/api/v1/users/me']);
});
