import { expect, it } from 'vitest';
import type { Schemas } from '../api/client';
import { causeOf } from './cause';
import { shortCommit, whoPushed } from './words';

it('names keys as keys', () => {
  expect(whoPushed('api-key:ci-nightly')).toBe('API key ci-nightly');
  expect(whoPushed('ana@example.com')).toBe('ana@example.com');
});

it('shortens what is a hash only', () => {
  expect(shortCommit('9f2c4e'.padEnd(40, '0'))).toBe('9f2c4e0000');
  expect(shortCommit('release-2026-11-22.1')).toBe('release-2026-11-22.1');
});

it('tells the first line of why a scan failed', () => {
  const scan = (problems: string[]) => ({ problems }) as unknown as Schemas['Scan'];
  expect(causeOf(scan(['\n  Error: no credentials\n\n  with provider aws', 'second']))).toBe('Error: no credentials');
  expect(causeOf(scan([]))).toBe('');
});
