import { expect, it } from 'vitest';
import { example } from './example';

it('shows how to push with a key that may, for the workspace that it is for', () => {
  const pushed = example({ scope: 'ingest', workspaces: ['data/prod', 'x'] }, 'https://drift.example');
  expect(pushed).toContain('driftsentry push --server https://drift.example --workspace data/prod -');
  expect(example({ scope: 'engineer', workspaces: [] }, 'https://drift.example')).toContain('--workspace shop/prod -');
});

it('shows how to read with a key that only reads', () => {
  const read = example({ scope: 'read', workspaces: [] }, 'https://drift.example');
  expect(read).toContain("'https://drift.example/api/v1/drifts?status=open'");
  expect(read).not.toContain('push');
});
