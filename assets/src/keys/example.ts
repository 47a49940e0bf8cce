import type { Schemas } from '../api/client';

type Key = Pick<Schemas['ApiKey'], 'scope' | 'workspaces'>;

/** The line that gives the key to what uses it. */
export const exportLine = (key: string): string => `export DRIFTSENTRY_API_KEY=${key}`;

/** What one does with the key next: push a scan, or read the open drifts. */
export function example({ scope, workspaces }: Key, server: string): string {
  if (scope === 'read') {
    return `curl --header "Authorization: Bearer $DRIFTSENTRY_API_KEY" \\\n  '${server}/api/v1/drifts?status=open'`;
  }
  return [
    'terraform plan -refresh-only -out=tfplan && terraform show -json tfplan |',
    `  driftsentry push --server ${server} --workspace ${workspaces[0] ?? 'shop/prod'} -`,
  ].join('\n');
}
