import { useEffect, useState } from 'react';
import { clock } from '../format/time';
import { connection, tryNow } from '../live/live';
import { connectionText } from '../text';
import { Button } from '../ui/Button';
import { useZone } from '../ui/Time';
import { useCell } from '../useCell';
import css from './ConnectionBanner.module.css';

/** A connection that comes back sooner than this is not worth a word. */
const PATIENCE_MS = 3_000;
const BACK_MS = 3_000;

/** Says that the server can't be reached, since when, and what is being done about it. */
export function ConnectionBanner() {
  const now = useCell(connection);
  const zone = useZone();
  const [current, tick] = useState(Date.now());
  const [said, say] = useState<'nothing' | 'lost' | 'back'>('nothing');
  const isDown = now.state === 'down';
  useEffect(() => {
    if (!isDown) return;
    const timer = setInterval(() => tick(Date.now()), 500);
    return () => clearInterval(timer);
  }, [isDown]);
  const isLong = isDown && current - now.since >= PATIENCE_MS;
  useEffect(() => {
    if (isLong) say('lost');
    else if (now.state === 'live') say((was) => (was === 'lost' ? 'back' : was));
  }, [isLong, now.state]);
  useEffect(() => {
    if (said !== 'back') return;
    const timer = setTimeout(() => say('nothing'), BACK_MS);
    return () => clearTimeout(timer);
  }, [said]);
  return (
    <div role="status" className={css.region}>
      {isLong ? (
        <div className={css.banner}>
          <strong>{connectionText.lost}</strong>
          <span aria-live="off">{connectionText.retryIn(Math.ceil((now.retryAt - current) / 1_000))}</span>
          <span>{connectionText.dataFrom(clock(now.since, zone))}</span>
          <Button size="small" onClick={tryNow}>
            {connectionText.tryNow}
          </Button>
        </div>
      ) : said === 'back' && !isDown ? (
        <div className={css.back}>{connectionText.back}</div>
      ) : null}
    </div>
  );
}
