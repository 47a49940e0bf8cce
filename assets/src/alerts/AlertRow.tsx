import { type ReactNode, useId } from 'react';
import type { Schemas } from '../api/client';
import { showable } from '../diff/showable';
import { row, rowFocus } from '../keyboard/rows';
import { useAccount, useWriteBlock } from '../shell/who';
import { alertsText, common } from '../text';
import { SeverityBadge } from '../ui/Badge';
import { Button } from '../ui/Button';
import { Link } from '../ui/Link';
import { Time } from '../ui/Time';
import { useCell } from '../useCell';
import css from './Alerts.module.css';
import { standing } from './marks';
import { markRead, marks, unmark } from './reading';

type Alert = Schemas['Alert'];

/** One alert. Among the unread ones it keeps its place when it is read: nothing moves until the list is shown anew. */
export function AlertRow({ alert, isMarkable }: { alert: Alert; isMarkable: boolean }) {
  const id = useId();
  const now = standing(alert, useCell(marks));
  const block = useWriteBlock();
  return (
    <li
      className={css.row}
      data-id={alert.id}
      data-standing={isMarkable ? now : undefined}
      data-plain={!isMarkable || undefined}
      {...row}
    >
      <SeverityBadge severity={alert.severity} />
      <div className={css.about}>
        <div className={css.head}>
          <Target alert={alert} describedBy={id} />
          <p className={css.meta}>
            <span>{alertsText.types[alert.type]}</span>
            <span>{alert.workspace}</span>
            <Time at={alert.createdAt} />
            <Reader alert={alert} isRead={now !== 'unread'} />
          </p>
        </div>
        <p id={id} className={css.message} dir="auto">
          {showable(alert.message)}
        </p>
      </div>
      {isMarkable ? (
        <Button
          size="small"
          look={now === 'unread' ? 'plain' : 'quiet'}
          disabled={block !== undefined || now === 'read'}
          title={now === 'read' ? alertsText.isRead : now === 'pending' ? alertsText.undo : block}
          onClick={() => (now === 'pending' ? unmark(alert.id) : markRead(alert))}
        >
          {now === 'unread' ? alertsText.mark : now === 'pending' ? common.undo : alertsText.read}
        </Button>
      ) : null}
    </li>
  );
}

/** Its title, which leads to what it is about. */
function Target({ alert, describedBy }: { alert: Alert; describedBy: string }) {
  const to = alert.driftId ? `/drifts/${alert.driftId}` : alert.scanId ? `/scans/${alert.scanId}` : '/workspaces';
  const search = to === '/workspaces' ? { name: alert.workspace } : {};
  return (
    <Link to={to} search={search} className={css.title} aria-describedby={describedBy} {...rowFocus}>
      {alert.title}
    </Link>
  );
}

function Reader({ alert, isRead }: { alert: Alert; isRead: boolean }): ReactNode {
  const { email } = useAccount();
  if (!isRead) return null;
  if (alert.readBy === null || alert.readBy === undefined) return <span>{alertsText.readNow}</span>;
  return <span>{alert.readBy === email ? alertsText.readByYou : alertsText.readBy(alert.readBy)}</span>;
}
