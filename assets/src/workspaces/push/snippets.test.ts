import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { curl, gitHub, gitLab, shell } from './snippets';

const target = { server: 'https://drift.example.internal', workspace: 'shop/prod', key: null };

it('makes a plan and pushes it from the shell, with the key where there is one', () => {
  expect(shell(target)).toBe(
    [
      'export DRIFTSENTRY_API_KEY=dsk_…',
      'terraform plan -refresh-only -out=tfplan && terraform show -json tfplan |',
      '  driftsentry push --server https://drift.example.internal --workspace shop/prod -',
    ].join('\n'),
  );
  expect(shell({ ...target, key: 'dsk_abc_def' })).toContain('DRIFTSENTRY_API_KEY=dsk_abc_def\n');
});

it('sends to the API with curl, the key out of the address', () => {
  expect(curl(target)).toContain('"https://drift.example.internal/api/v1/scans?workspace=shop/prod"');
  expect(curl({ ...target, key: 'dsk_abc_def' }).match(/dsk_abc_def/g)).toHaveLength(1);
});

it('gives the same pipelines as the README', () => {
  const readme = readFileSync('../README.md', 'utf8');
  expect(readme).toContain(`\`\`\`yaml\n${gitHub('shop/prod')}\`\`\``);
  expect(readme).toContain(`\`\`\`yaml\n${gitLab('shop/prod')}\`\`\``);
});

it('names the workspace in the pipelines', () => {
  expect(gitHub('team/app')).toContain('--workspace team/app ');
  expect(gitLab('team/app')).toContain('--workspace team/app ');
});
