import type { Schemas } from '../api/client';
import { workspacesText as t } from '../text';
import { Badge } from '../ui/Badge';
import { Time } from '../ui/Time';
import css from './HealthBadge.module.css';
import { type Health, healthOf } from './health';

const TONES = {
  never: 'neutral',
  failed: 'bad',
  silent: 'caution',
  drifted: 'neutral',
  partial: 'caution',
  clean: 'good',
} as const satisfies Record<Health, string>;

/** How a workspace stands, in a word; of a silent one, since when. */
export function HealthBadge({ workspace }: { workspace: Schemas['Workspace'] }) {
  const health = healthOf(workspace);
  const { lastScan, createdAt } = workspace;
  return (
    <span className={css.health} title={t.healthMeanings[health]}>
      <Badge tone={TONES[health]}>
        {health !== 'silent' ? (
          t.healths[health]
        ) : lastScan ? (
          <span>
            {t.lastScanAt} <Time at={lastScan.at} />
          </span>
        ) : (
          <span>
            {t.neverSeen} <Time at={createdAt} />
          </span>
        )}
      </Badge>
    </span>
  );
}
