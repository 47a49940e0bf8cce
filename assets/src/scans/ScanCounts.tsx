import type { Schemas } from '../api/client';
import { count } from '../format/numbers';
import { scansText as t } from '../text';
import { Fact, Facts } from '../ui/Facts';
import { Panel } from '../ui/Page';
import css from './ScanCounts.module.css';

/** What a scan looked at, in numbers. What it did with drifts is listed apart. */
export function ScanCounts({ scan }: { scan: Schemas['Scan'] }) {
  const { counts } = scan;
  const rows = [
    [t.resources, counts.resources, t.resourcesMean],
    [t.drifted, counts.drifted, t.driftedMean],
    [t.unchanged, counts.unchanged, t.unchangedMean],
    [t.stateOnly, counts.stateOnly, t.stateOnlyMean],
    [t.pending, counts.pending, t.pendingMean],
    [t.suppressed, counts.suppressed, t.suppressedMean],
    [t.redacted, counts.redacted, t.redactedMean],
  ] as const;
  return (
    <Panel title={t.counts}>
      <Facts>
        {rows.map(([name, number, meaning]) => (
          <Fact key={name} name={name}>
            <span className={css.row}>
              <strong className={css.number}>{count(number)}</strong>
              <span className={css.meaning}>{meaning}</span>
            </span>
          </Fact>
        ))}
      </Facts>
    </Panel>
  );
}
