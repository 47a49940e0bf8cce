import { expect, it } from 'vitest';
import { chipsOf } from './FilterChips';
import { PLAIN } from './filters';

const labels = (filters: Partial<typeof PLAIN>, whole = false) =>
  chipsOf({ ...PLAIN, ...filters }, 'Europe/Berlin', whole).map(({ label }) => label);

it('says what is set in words, and nothing of the plain view', () => {
  expect(labels({})).toEqual([]);
  expect(labels({ status: [], severity: ['critical', 'warning'], kind: ['state_only'], search: 'sg-1' })).toEqual([
    'Search: sg-1',
    'Status: Any',
    'Severity: Critical or Warning',
    'Kind: State only',
  ]);
});

it('takes one word away at a time', () => {
  const chips = chipsOf({ ...PLAIN, workspace: ['a', 'b'] }, 'UTC');
  expect(chips.map(({ label }) => label)).toEqual(['Workspace: a', 'Workspace: b']);
  expect(chips[0]?.without).toEqual({ workspace: ['b'] });
});

it('names whole days where they are whole, and the day that ends it', () => {
  expect(labels({ detectedFrom: '2026-10-31T23:00:00.000Z', detectedTo: '2026-11-22T23:00:00.000Z' })).toEqual([
    'Detected from: 2026-11-01',
    'Detected until: 2026-11-22',
  ]);
  expect(labels({ detectedTo: '2026-11-22T13:03:00.000Z' })).toEqual(['Detected before: 2026-11-22 14:03']);
});

it('says for a decision what the plain view stands for', () => {
  expect(labels({}, true)).toEqual([
    'Status: Detected or Triaged or Approved',
    'Kind: Modified or Missing or Unmanaged',
  ]);
});
