import { describe, expect, it } from 'vitest';
import type { Schemas } from '../api/client';
import { filters, healthOf, isHealthFilter, unchecked } from './health';

type Workspace = Schemas['Workspace'];

const workspace = (change: Partial<Workspace>): Workspace => ({
  id: '01990000-0000-7000-8000-000000000000',
  name: 'shop/prod',
  environment: null,
  labels: {},
  description: null,
  expectedEvery: '6h',
  silent: false,
  lastScan: { id: '01990000-0000-7000-8000-000000000001', at: '2026-11-22T08:00:00.000Z', status: 'complete' },
  openDrifts: { critical: 0, warning: 0, info: 0, total: 0 },
  createdAt: '2026-10-01T00:00:00.000Z',
  updatedAt: '2026-10-01T00:00:00.000Z',
  ...change,
});
const scan = (status: 'complete' | 'partial' | 'failed', at = '2026-11-22T08:00:00.000Z') => ({ id: 'x', at, status });
const openDrifts = { critical: 1, warning: 0, info: 0, total: 1 };

describe('healthOf', () => {
  it('calls clean only what was looked at wholly and in time', () => {
    expect(healthOf(workspace({}))).toBe('clean');
    expect(healthOf(workspace({ lastScan: null }))).toBe('never');
    expect(healthOf(workspace({ silent: true }))).toBe('silent');
    expect(healthOf(workspace({ lastScan: scan('failed') }))).toBe('failed');
    expect(healthOf(workspace({ lastScan: scan('partial') }))).toBe('partial');
    expect(healthOf(workspace({ openDrifts }))).toBe('drifted');
  });

  it('puts the doubt before the drifts', () => {
    expect(healthOf(workspace({ lastScan: null, silent: true }))).toBe('silent');
    expect(healthOf(workspace({ silent: true, openDrifts }))).toBe('silent');
    expect(healthOf(workspace({ lastScan: scan('failed'), silent: true, openDrifts }))).toBe('failed');
  });
});

describe('filters', () => {
  it('count as the figures do: a silent workspace with drifts is both', () => {
    const both = workspace({ silent: true, openDrifts });
    expect(filters.silent(both)).toBe(true);
    expect(filters.drifted(both)).toBe(true);
    expect(filters.clean(both)).toBe(false);
  });

  it('are known by name, and nothing else is', () => {
    expect(isHealthFilter('failed')).toBe(true);
    expect(isHealthFilter('toString')).toBe(false);
    expect(isHealthFilter(undefined)).toBe(false);
  });
});

it('lists what is not checked, the longest unseen first', () => {
  const found = unchecked([
    workspace({ name: 'clean' }),
    workspace({ name: 'failed', lastScan: scan('failed', '2026-11-20T00:00:00.000Z') }),
    workspace({ name: 'silent', silent: true, lastScan: scan('complete', '2026-11-10T00:00:00.000Z') }),
    workspace({ name: 'never', lastScan: null }),
  ]);
  expect(found.map(({ name }) => name)).toEqual(['silent', 'failed']);
});
