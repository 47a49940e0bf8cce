import type { Schemas } from '../api/client';
import { row } from '../keyboard/rows';
import { density } from '../preferences/preferences';
import { auditText, formText, profileText, shell } from '../text';
import { Badge } from '../ui/Badge';
import { Button } from '../ui/Button';
import { TableFrame } from '../ui/TableFrame';
import { Time } from '../ui/Time';
import { useCell } from '../useCell';
import { agentName } from './agent';
import css from './Profile.module.css';

type Session = Schemas['Session'];

interface Props {
  sessions: readonly Session[];
  busy: boolean;
  block: string | undefined;
  /** The one that is being ended. */
  ending: string | null;
  onEnd: (session: Session) => void;
}

export function SessionTable({ sessions, busy, block, ending, onEnd }: Props) {
  const isCompact = useCell(density) === 'compact';
  return (
    <TableFrame label={profileText.sessionsTable} busy={busy} cards compact={isCompact}>
      <table>
        <thead>
          <tr>
            <th scope="col">{profileText.where}</th>
            <th scope="col">{formText.lastUse}</th>
            <th scope="col">{profileText.began}</th>
            <th scope="col">{profileText.ends}</th>
            <th scope="col">
              <span className="visually-hidden">{formText.actions}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {sessions.map((session) => {
            const agent = session.userAgent ?? auditText.unknown;
            return (
              <tr key={session.id} data-id={session.id} className={css.row} {...row}>
                <th scope="row">
                  <span className={css.where} title={agent}>
                    {agentName(agent)}
                    {session.current ? <Badge tone="good">{profileText.current}</Badge> : null}
                  </span>
                  <span className={css.address}>{session.ipAddress ?? auditText.unknown}</span>
                </th>
                <td data-label={formText.lastUse}>
                  <Time at={session.lastUsedAt} />
                </td>
                <td data-label={profileText.began}>
                  <Time at={session.createdAt} />
                </td>
                <td data-label={profileText.ends}>
                  <Time at={session.expiresAt} /> {profileText.endsHint}
                </td>
                <td className={css.actions}>
                  <Button
                    size="small"
                    aria-label={session.current ? undefined : profileText.endOf(agentName(agent))}
                    busy={ending === session.id}
                    disabled={block !== undefined}
                    title={block}
                    onClick={() => onEnd(session)}
                  >
                    {session.current ? shell.signOut : profileText.end}
                  </Button>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </TableFrame>
  );
}
