import type { ReactNode } from 'react';
import type { Schemas } from '../api/client';
import { showable } from '../diff/showable';
import { driftText, endings, statuses } from '../text';
import { Time } from '../ui/Time';
import { actorName } from './actor';
import css from './DriftDecisions.module.css';

const text = driftText.decision;

/** Who decided what, when and why; said again where it changes. */
export function Outcome({
  drift,
  timeline,
}: {
  drift: Schemas['Drift'];
  timeline: readonly Schemas['TimelineEntry'][];
}) {
  const last = (action: Schemas['TimelineEntry']['action']) => timeline.findLast((entry) => entry.action === action);
  const triaged = last('triaged');
  const resolved = last('resolved');
  return (
    <div className={css.outcome} aria-live="polite">
      {drift.status === 'detected' ? <p>{text.none}</p> : null}
      {drift.status === 'triaged' && triaged ? (
        <Decided what={statuses.triaged} by={triaged.actorEmail} at={triaged.timestamp} why={noteOf(triaged)}>
          {drift.assignee ? text.mine(showable(drift.assignee)) : null}
        </Decided>
      ) : null}
      {drift.approvedAt ? (
        <Decided what={statuses.approved} by={drift.approvedBy} at={drift.approvedAt} why={drift.approvalReason} />
      ) : null}
      {drift.rejectedAt ? (
        <Decided what={statuses.rejected} by={drift.rejectedBy} at={drift.rejectedAt} why={drift.rejectionReason} />
      ) : null}
      {drift.resolvedAt ? (
        <Decided
          what={text.resolved}
          by={resolved?.actorEmail ?? null}
          at={drift.resolvedAt}
          why={endOf(drift, resolved?.message)}
        >
          {text.final}
        </Decided>
      ) : null}
    </div>
  );
}

/** What was said when it was triaged; who has it now stands beside it. */
const noteOf = ({ message }: Schemas['TimelineEntry']): string | null =>
  message.startsWith('Triaged.') ? null : message;

/** How it ended, and what was said about it. */
function endOf({ resolvedHow }: Schemas['Drift'], message: string | undefined): string | null {
  if (resolvedHow === null) return message ?? null;
  const note = message === undefined || message === `Resolved: ${resolvedHow}.` ? '' : ` ${message}`;
  return `${endings[resolvedHow]}.${note}`;
}

interface Props {
  what: string;
  by: string | null;
  at: string;
  why: string | null;
  children?: ReactNode;
}

function Decided({ what, by, at, why, children }: Props) {
  return (
    <div>
      <p>
        <strong>{what}</strong> {by ? `${text.by} ${showable(actorName(by))}, ` : null}
        <Time at={at} />. {children}
      </p>
      {why ? <p className={css.quote}>{showable(why)}</p> : null}
    </div>
  );
}
