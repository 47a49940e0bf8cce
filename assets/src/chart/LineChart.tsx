import { useEffect, useLayoutEffect, useReducer, useRef } from 'react';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { theme } from '../preferences/preferences';
import type { ChartProps } from './Chart';
import css from './LineChart.module.css';

/** A page's colour as it is in the theme of now: the canvas knows nothing of `light-dark()`. */
function resolved(element: HTMLElement, name: string): string {
  element.style.color = `var(${name})`;
  return getComputedStyle(element).color;
}

/** Another number whenever the page's colours become others: by choice, by the system, by forced colours. */
function useLook(): number {
  const [look, change] = useReducer((before: number) => before + 1, 0);
  useEffect(() => {
    // The next frame has the new colours.
    const soon = () => requestAnimationFrame(change);
    const media = ['(prefers-color-scheme: dark)', '(forced-colors: active)'].map((query) => matchMedia(query));
    const leave = theme.subscribe(soon);
    for (const one of media) one.addEventListener('change', soon);
    return () => {
      leave();
      for (const one of media) one.removeEventListener('change', soon);
    };
  }, []);
  return look;
}

/** Marks the day that is read. */
function mark(chart: UPlot | null, moment: number | undefined) {
  if (chart && moment !== undefined) {
    chart.setCursor({ left: chart.valToPos(moment / 1_000, 'x'), top: 0 }, false);
  }
}

const DAY_S = 86_400;

/** Days from left to right, one line for each series. It draws on a canvas: what it says stands beside it in words. */
export default function LineChart({ days, series, chosen, label, tick, day, onChoose }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const probe = useRef<HTMLSpanElement>(null);
  const chart = useRef<UPlot>(null);
  const latest = useRef({ chosen, onChoose });
  useLayoutEffect(() => {
    latest.current = { chosen, onChoose };
  });
  const look = useLook();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another look of the page makes other colours.
  useLayoutEffect(() => {
    const [at, ink] = [place.current, probe.current];
    if (!at || !ink) return;
    const show = (which: number) => mark(chart.current, days[which]);
    const colour = (name: string) => resolved(ink, name);
    const axis = { stroke: colour('--quiet'), ticks: { show: false }, font: '12px system-ui' };
    const drawn = new UPlot(
      {
        width: at.clientWidth,
        height: at.clientHeight,
        padding: [8, 26, 0, 0],
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
        hooks: {
          setCursor: [
            ({ cursor: { idx, event } }) => {
              // What a person points at; not what was chosen below the chart and shown here.
              if (event && typeof idx === 'number') latest.current.onChoose(idx);
              else if (event) queueMicrotask(() => show(latest.current.chosen));
            },
          ],
        },
        tzDate: (seconds) => UPlot.tzDate(new Date(seconds * 1_000), 'Etc/UTC'),
        scales: { y: { range: (_, least, most) => [Math.min(0, least), Math.max(most, 1) * 1.05] } },
        axes: [
          {
            ...axis,
            grid: { show: false },
            size: 28,
            incrs: [1, 2, 5, 7, 14, 28].map((number) => number * DAY_S),
            space: 64,
            values: (_, splits) => splits.map((split) => day(split * 1_000)),
          },
          {
            ...axis,
            grid: { stroke: colour('--line'), width: 1 },
            size: 56,
            space: 44,
            values: (_, splits) => splits.map(tick),
          },
        ],
        series: [
          {},
          ...series.map(({ colour: name, isDashed }) => ({
            stroke: colour(name),
            width: 2,
            ...(isDashed ? { dash: [6, 4] } : {}),
            points: { show: days.length < 15, size: 5, fill: colour(name) },
          })),
        ],
      },
      [days.map((moment) => moment / 1_000), ...series.map(({ values }) => [...values])],
      at,
    );
    chart.current = drawn;
    const size = new ResizeObserver(() => {
      drawn.setSize({ width: at.clientWidth, height: at.clientHeight });
      show(latest.current.chosen);
    });
    size.observe(at);
    return () => {
      size.disconnect();
      drawn.destroy();
      chart.current = null;
    };
  }, [days, series, tick, day, look]);
  useEffect(() => {
    if (chart.current?.cursor.idx !== chosen) mark(chart.current, days[chosen]);
  }, [days, chosen]);
  return (
    <div role="img" aria-label={label} className={css.chart}>
      <span ref={probe} hidden />
      <div ref={place} className={css.place} />
    </div>
  );
}
