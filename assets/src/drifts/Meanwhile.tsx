import type { Schemas } from '../api/client';
import { showable } from '../diff/showable';
import { driftText } from '../text';
import { StatusBadge } from '../ui/Badge';
import { actorName } from './actor';
import css from './DriftDecisions.module.css';
import type { Whole } from './one';

interface Props {
  before: Whole;
  now: Whole;
  timeline: readonly Schemas['TimelineEntry'][];
  isPossible: boolean;
}

const text = driftText.decision;

/** What somebody else did to the drift while one was deciding. */
export function Meanwhile({ before, now, timeline, isPossible }: Props) {
  const last = timeline.filter(({ action }) => action !== 'commented').at(-1);
  const isOther = before.drift.status !== now.drift.status;
  const isChanged = JSON.stringify(before.drift.difference) !== JSON.stringify(now.drift.difference);
  return (
    <div role="status" className={css.status}>
      {before.etag !== now.etag && (isOther || isChanged) ? (
        <div className={css.meanwhile}>
          <p>
            <strong>{text.changed}</strong>{' '}
            {isOther && last
              ? text.changedBy(actorName(last.actorEmail), driftText.timeline.actions[last.action])
              : null}
          </p>
          {isOther && last ? <p className={css.quote}>{showable(last.message)}</p> : null}
          {isChanged ? <p>{text.diffChanged}</p> : null}
          <p>
            {text.nowStands} <StatusBadge status={now.drift.status} />
          </p>
          <p>{isPossible ? text.redo : text.notAnyMore}</p>
        </div>
      ) : null}
    </div>
  );
}
