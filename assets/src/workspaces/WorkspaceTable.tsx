import { useRef } from 'react';
import type { Schemas } from '../api/client';
import { count } from '../format/numbers';
import { useShortcuts } from '../keyboard/shortcuts';
import { useCause } from '../scans/cause';
import { common, severities, workspacesText as t } from '../text';
import { Badge } from '../ui/Badge';
import { Link } from '../ui/Link';
import { TableFrame } from '../ui/TableFrame';
import { Time } from '../ui/Time';
import { HealthBadge } from './HealthBadge';
import { healthOf } from './health';
import css from './WorkspaceTable.module.css';

type Workspace = Schemas['Workspace'];

const SEVERITIES = ['critical', 'warning', 'info'] as const;

export function WorkspaceTable({ workspaces, busy }: { workspaces: readonly Workspace[]; busy: boolean }) {
  const body = useRef<HTMLTableSectionElement>(null);
  const move = (step: number) => {
    const links = [...(body.current?.querySelectorAll<HTMLElement>('[data-row-link]') ?? [])];
    const at = links.findIndex((link) => link.closest('tr')?.contains(document.activeElement));
    links[Math.min(links.length - 1, Math.max(0, at + step))]?.focus();
  };
  useShortcuts(t.keys, [
    { keys: 'j', label: t.nextRow, run: () => move(1) },
    { keys: 'k', label: t.previousRow, run: () => move(-1) },
    {
      keys: 'o',
      label: t.openRow,
      run: () => document.activeElement?.closest('tr')?.querySelector<HTMLElement>('[data-row-link]')?.click(),
    },
  ]);
  return (
    <TableFrame label={t.keys} busy={busy} cards>
      <table className={css.table}>
        <thead>
          <tr>
            <th scope="col">{t.name}</th>
            <th scope="col">{t.health}</th>
            {SEVERITIES.map((severity) => (
              <th key={severity} scope="col" className={css.number}>
                {severities[severity]}
              </th>
            ))}
            <th scope="col">{t.every}</th>
            <th scope="col">{t.lastScanAt}</th>
          </tr>
        </thead>
        <tbody ref={body}>
          {workspaces.map((workspace) => (
            <Row key={workspace.id} workspace={workspace} />
          ))}
        </tbody>
      </table>
    </TableFrame>
  );
}

function Row({ workspace }: { workspace: Workspace }) {
  const { id, name, environment, description, labels, expectedEvery, lastScan } = workspace;
  const words = Object.entries(labels).map(([label, word]) => `${label}=${word}`);
  const said = [description ?? '', words.join(', ')].filter((one) => one !== '').join(' · ');
  return (
    <tr>
      <th scope="row" className={css.name}>
        <Link to={`/workspaces/${id}`} data-row-link>
          {name}
        </Link>{' '}
        {environment ? <Badge>{environment}</Badge> : null}
        <span className={css.facts} title={said}>
          {said}
        </span>
      </th>
      <td data-label={t.health} className={css.health}>
        <HealthBadge workspace={workspace} />
        {healthOf(workspace) === 'failed' && lastScan ? <Cause scan={lastScan.id} /> : null}
      </td>
      {SEVERITIES.map((severity) => {
        const open = workspace.openDrifts[severity];
        return (
          <td key={severity} data-label={severities[severity]} className={css.number}>
            {open === 0 ? (
              <span className={css.zero}>0</span>
            ) : (
              <Link
                to="/drifts"
                search={{ workspace: name, severity, kind: 'all' }}
                aria-label={t.openOf(severities[severity], open, name)}
                data-severity={severity}
                className={css.open}
              >
                {count(open)}
              </Link>
            )}
          </td>
        );
      })}
      <td data-label={t.every} className={css.every}>
        {expectedEvery ?? <span className={css.zero}>{t.noEvery}</span>}
      </td>
      <td data-label={t.lastScanAt} className={css.time}>
        {lastScan ? (
          <Link to={`/scans/${lastScan.id}`}>
            <Time at={lastScan.at} />
          </Link>
        ) : (
          common.none
        )}
      </td>
    </tr>
  );
}

function Cause({ scan }: { scan: string }) {
  const cause = useCause(scan);
  return cause ? <span className={css.cause}>{cause}</span> : null;
}
