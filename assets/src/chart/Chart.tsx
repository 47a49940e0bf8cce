import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import css from './Chart.module.css';

export interface Series {
  label: string;
  /** The name of one of the page's colours, such as `--accent`. */
  colour: string;
  isDashed: boolean;
  values: readonly number[];
}

export interface ChartProps {
  /** The starts of the days, in milliseconds of the epoch. */
  days: readonly number[];
  series: readonly Series[];
  /** The number of the day that is read. */
  chosen: number;
  /** All that it says, in a sentence or two. */
  label: string;
  /** A value, as it stands at the axis. */
  tick: (value: number) => string;
  /** A day, as it stands at the axis. */
  day: (moment: number) => string;
  onChoose: (at: number) => void;
}

const LineChart = lazy(() => import('./LineChart'));

/** A chart's place: what draws it is fetched when it comes into sight, and nothing moves when it is there. */
export function Chart(props: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const [isInSight, see] = useState(false);
  useEffect(() => {
    if (!place.current) return;
    const sight = new IntersectionObserver(
      ([entry]) => {
        if (entry?.isIntersecting) see(true);
      },
      { rootMargin: '200px' },
    );
    sight.observe(place.current);
    return () => sight.disconnect();
  }, []);
  return (
    <div ref={place} className={css.place}>
      {isInSight ? (
        <Suspense>
          <LineChart {...props} />
        </Suspense>
      ) : null}
    </div>
  );
}
