import type { Schemas } from '../api/client';
import { useCause } from '../scans/cause';
import { common, workspacesText as t } from '../text';
import { Badge } from '../ui/Badge';
import { Fact, Facts } from '../ui/Facts';
import { Link } from '../ui/Link';
import { Panel } from '../ui/Page';
import { Time } from '../ui/Time';
import { HealthBadge } from './HealthBadge';
import { healthOf } from './health';
import { interval } from './rules';
import css from './WorkspaceFacts.module.css';

export function WorkspaceFacts({ workspace }: { workspace: Schemas['Workspace'] }) {
  const { lastScan, expectedEvery, labels } = workspace;
  const health = healthOf(workspace);
  const every = interval(expectedEvery ?? '');
  return (
    <Panel title={t.facts}>
      <Facts>
        <Fact name={t.health}>
          <HealthBadge workspace={workspace} />
          <p className={css.meaning}>{t.healthMeanings[health]}</p>
          {health === 'failed' && lastScan ? <Cause scan={lastScan.id} /> : null}
        </Fact>
        <Fact name={t.lastScanAt}>
          {lastScan ? (
            <Link to={`/scans/${lastScan.id}`}>
              <Time at={lastScan.at} />
            </Link>
          ) : (
            t.healths.never
          )}
        </Fact>
        <Fact name={t.every}>
          {expectedEvery ?? t.noEvery}
          {every ? <p className={css.meaning}>{t.everyMeans(every.number, every.unit)}</p> : null}
        </Fact>
        <Fact name={t.environment}>{workspace.environment ?? common.none}</Fact>
        <Fact name={t.description}>{workspace.description ?? common.none}</Fact>
        <Fact name={t.labels}>
          <span className={css.labels}>
            {Object.entries(labels).map(([name, word]) => (
              <Badge key={name}>
                {name}={word}
              </Badge>
            ))}
            {Object.keys(labels).length === 0 ? common.none : null}
          </span>
        </Fact>
        <Fact name={t.created}>
          <Time at={workspace.createdAt} />
        </Fact>
      </Facts>
    </Panel>
  );
}

function Cause({ scan }: { scan: string }) {
  const cause = useCause(scan);
  return cause ? <p className={css.cause}>{cause}</p> : null;
}
