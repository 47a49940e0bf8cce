import type { Schemas } from '../api/client';
import { scansText as t } from '../text';
import { CopyButton } from '../ui/CopyButton';
import { Fact, Facts } from '../ui/Facts';
import { Panel } from '../ui/Page';
import { Time } from '../ui/Time';
import css from './ScanFacts.module.css';
import { ScanStatus } from './ScanStatus';
import { shortCommit, whoPushed } from './words';

export function ScanFacts({ scan }: { scan: Schemas['Scan'] }) {
  return (
    <Panel title={t.facts}>
      <Facts>
        <Fact name={t.status}>
          <ScanStatus status={scan.status} />
          {scan.status === 'failed' ? null : <p className={css.meaning}>{t.meanings[scan.status]}</p>}
        </Fact>
        <Fact name={t.finished}>
          <Time at={scan.finishedAt} />
        </Fact>
        <Fact name={t.started}>
          <Time at={scan.startedAt} />
        </Fact>
        <Fact name={t.tool}>
          {scan.tool} {scan.toolVersion ?? <span className={css.meaning}>({t.noVersion})</span>}
        </Fact>
        <Fact name={t.format}>{t.formats[scan.format]}</Fact>
        <Fact name={t.commit}>
          {scan.commit ? (
            <span className={css.commit}>
              <code title={scan.commit}>{shortCommit(scan.commit)}</code>
              <CopyButton text={scan.commit} what={t.commit} />
            </span>
          ) : (
            t.noCommit
          )}
        </Fact>
        <Fact name={t.pushedBy}>{whoPushed(scan.pushedBy)}</Fact>
      </Facts>
    </Panel>
  );
}
