import { useEffect, useMemo } from 'react';
import { cell } from '../cell';
import { ago, browserZone, exactly } from '../format/time';
import { zone } from '../preferences/preferences';
import { useCell } from '../useCell';

const now = cell(Date.now());
let shown = 0;
let timer: ReturnType<typeof setInterval> | undefined;

/** The time of now, in a component that draws itself anew twice a minute. */
export function useNow(): number {
  useEffect(() => {
    shown += 1;
    // The first of them; the others are drawn with it.
    if (shown === 1) now.set(Date.now());
    timer ??= setInterval(() => now.set(Date.now()), 30_000);
    return () => {
      shown -= 1;
      if (shown > 0) return;
      clearInterval(timer);
      timer = undefined;
    };
  }, []);
  return useCell(now);
}

/** The zone that times are shown in. */
export function useZone(): string {
  return useCell(zone) || browserZone();
}

/** A moment, told relative to now; its title has it exactly. */
export function Time({ at }: { at: string }) {
  const current = useNow();
  const zone = useZone();
  const moment = Date.parse(at);
  const title = useMemo(() => exactly(moment, zone), [moment, zone]);
  return (
    <time dateTime={at} title={title}>
      {ago(moment, Math.max(current, Date.now()), zone)}
    </time>
  );
}
