import type { Schemas } from '../api/client';
import { count } from '../format/numbers';
import { scansText as t } from '../text';
import { Link } from '../ui/Link';
import { TableFrame } from '../ui/TableFrame';
import { Time } from '../ui/Time';
import { causeOf } from './cause';
import { ScanStatus } from './ScanStatus';
import css from './ScanTable.module.css';
import { shortCommit, whoPushed } from './words';

type Scan = Schemas['Scan'];

interface Props {
  scans: readonly Scan[];
  busy: boolean;
  /** Without it, they are all of one workspace, which is said already. */
  workspaceLink?: (name: string) => string;
}

export function ScanTable({ scans, busy, workspaceLink }: Props) {
  return (
    <TableFrame label={t.listLabel} busy={busy} cards>
      <table className={css.table}>
        <thead>
          <tr>
            <th scope="col">{t.finished}</th>
            {workspaceLink ? <th scope="col">{t.workspace}</th> : null}
            <th scope="col">{t.status}</th>
            <th scope="col" className={css.number}>
              {t.resources}
            </th>
            <th scope="col" className={css.number}>
              {t.drifted}
            </th>
            <th scope="col">{t.changes}</th>
            <th scope="col" className={css.commit}>
              {t.commit}
            </th>
            <th scope="col" className={css.pushed}>
              {t.pushedBy}
            </th>
          </tr>
        </thead>
        <tbody>
          {scans.map((scan) => (
            <Row key={scan.id} scan={scan} workspaceLink={workspaceLink} />
          ))}
        </tbody>
      </table>
    </TableFrame>
  );
}

function Row({ scan, workspaceLink }: { scan: Scan; workspaceLink: Props['workspaceLink'] }) {
  const { counts } = scan;
  const isFailed = scan.status === 'failed';
  const cause = isFailed ? causeOf(scan) : '';
  return (
    <tr>
      <th scope="row" className={css.time}>
        <Link to={`/scans/${scan.id}`}>
          <Time at={scan.finishedAt} />
        </Link>
      </th>
      {workspaceLink ? (
        <td data-label={t.workspace} className={css.words}>
          <Link to={workspaceLink(scan.workspace)}>{scan.workspace}</Link>
        </td>
      ) : null}
      <td data-label={t.status}>
        <ScanStatus status={scan.status} />
      </td>
      <td data-label={t.resources} className={css.number}>
        {count(counts.resources)}
      </td>
      {isFailed ? (
        <td colSpan={2} className={css.cause}>
          {cause || t.failedUnsaid}
        </td>
      ) : (
        <>
          <td data-label={t.drifted} className={css.number}>
            {count(counts.drifted)}
          </td>
          <td data-label={t.changes} className={css.changes}>
            <Changes counts={counts} />
          </td>
        </>
      )}
      <td data-label={t.commit} className={`${css.commit} ${css.inline}`} title={scan.commit ?? undefined}>
        {scan.commit ? <code>{shortCommit(scan.commit)}</code> : <span className={css.quiet}>{t.noCommit}</span>}
      </td>
      <td data-label={t.pushedBy} className={`${css.words} ${css.pushed} ${css.inline}`}>
        {whoPushed(scan.pushedBy)}
      </td>
    </tr>
  );
}

/** `+2 ~1 −0`, read out as words. */
function Changes({ counts }: { counts: Scan['counts'] }) {
  const words = t.changesOf(counts.new, counts.changed, counts.resolved);
  const signs = [
    ['+', counts.new],
    ['~', counts.changed],
    ['−', counts.resolved],
  ] as const;
  return (
    <span title={words}>
      <span className="visually-hidden">{words}</span>
      <span aria-hidden="true" className={css.signs}>
        {signs.map(([sign, number]) => (
          <span key={sign} data-none={number === 0 || undefined}>
            {sign}
            {count(number)}
          </span>
        ))}
      </span>
    </span>
  );
}
