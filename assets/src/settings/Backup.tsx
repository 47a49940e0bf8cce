import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, download } from '../api/client';
import { useWriteBlock } from '../shell/who';
import { backupText as text } from '../text';
import { Button } from '../ui/Button';
import { Loaded } from '../ui/Loaded';
import { Panel } from '../ui/Page';
import { Failure } from '../ui/States';
import { Time } from '../ui/Time';
import { toast } from '../ui/Toasts';
import { drillOf, lastOf, size } from './backups';
import css from './Settings.module.css';

const KEY = ['health', 'detailed'];

/** When the data was last saved, and a copy of it to take away. */
export function Backup() {
  const block = useWriteBlock();
  const client = useQueryClient();
  const [isTaking, setTaking] = useState(false);
  const [failure, setFailure] = useState<Error>();
  const health = useQuery({
    queryKey: KEY,
    queryFn: async ({ signal }) => (await api.GET('/health/detailed', { signal })).data?.facts ?? {},
  });
  const take = () => {
    setTaking(true);
    setFailure(undefined);
    download('/api/v1/admin/backup', 'driftsentry.tar.zst', 'POST')
      .then(() => toast(text.taken))
      .catch(setFailure)
      .finally(() => {
        setTaking(false);
        void client.invalidateQueries({ queryKey: KEY });
      });
  };
  return (
    <Panel title={text.title}>
      <Loaded query={health} failed={text.failed} rows={2}>
        {(facts) => {
          const last = lastOf(facts);
          const drill = drillOf(facts);
          return (
            <dl className={css.facts}>
              <dt>{text.last}</dt>
              <dd>
                {last ? (
                  <>
                    <Time at={last.takenAt} />, {size(last.bytes)}
                  </>
                ) : (
                  text.never
                )}
              </dd>
              {drill ? (
                <>
                  <dt>{text.drill}</dt>
                  <dd>
                    <Time at={drill.at} />, {drill.passed ? text.drillPassed : text.drillFailed}
                  </dd>
                </>
              ) : null}
            </dl>
          );
        }}
      </Loaded>
      {failure ? <Failure what={text.notTaken} error={failure} onRetry={take} /> : null}
      <Button busy={isTaking} disabled={block !== undefined} title={block} onClick={take}>
        {isTaking ? text.taking : text.take}
      </Button>
      <p className={css.hint}>{text.hint}</p>
    </Panel>
  );
}
