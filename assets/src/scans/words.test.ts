import { expect, it } from 'vitest';
import { shortCommit, whoPushed } from './words';

it('names keys as keys', () => {
  expect(whoPushed('api-key:ci-nightly')).toBe('API key ci-nightly');
  expect(whoPushed('ana@example.com')).toBe('ana@example.com');
});

it('shortens what is a hash only', () => {
  expect(shortCommit('9f2c4e'.padEnd(40, '0'))).toBe('9f2c4e0000');
  expect(shortCommit('release-2026-11-22.1')).toBe('release-2026-11-22.1');
});
