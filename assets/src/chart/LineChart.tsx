import { useEffect, useLayoutEffect, useRef } from 'react';
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

const DAY_S = 86_400;

/** Days from left to right, one line for each series. It draws on a canvas: what it says stands beside it in words. */
export default function LineChart({ days, series, chosen, label, tick, day, onChoose }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const probe = useRef<HTMLSpanElement>(null);
  const chart = useRef<UPlot>(null);
  const choose = useRef(onChoose);
  useEffect(() => {
    choose.current = onChoose;
  });
  useLayoutEffect(() => {
    const [at, ink] = [place.current, probe.current];
    if (!at || !ink) return;
    const colour = (name: string) => () => resolved(ink, name);
    const axis = { stroke: colour('--quiet'), ticks: { show: false }, font: '12px system-ui' };
    const drawn = new UPlot(
      {
        width: at.clientWidth,
        height: at.clientHeight,
        padding: [8, 8, 0, 0],
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
        hooks: {
          setCursor: [
            ({ cursor: { idx, event } }) => {
              // What a person points at; not what was chosen below the chart and shown here.
              if (event && typeof idx === 'number') choose.current(idx);
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
    const size = new ResizeObserver(() => drawn.setSize({ width: at.clientWidth, height: at.clientHeight }));
    size.observe(at);
    // The next frame has the new colours.
    const redraw = () => requestAnimationFrame(() => drawn.redraw(false));
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const forced = matchMedia('(forced-colors: active)');
    const leave = theme.subscribe(redraw);
    dark.addEventListener('change', redraw);
    forced.addEventListener('change', redraw);
    return () => {
      size.disconnect();
      leave();
      dark.removeEventListener('change', redraw);
      forced.removeEventListener('change', redraw);
      drawn.destroy();
      chart.current = null;
    };
  }, [days, series, tick, day]);
  useEffect(() => {
    const drawn = chart.current;
    const moment = days[chosen];
    if (drawn && moment !== undefined && drawn.cursor.idx !== chosen) {
      drawn.setCursor({ left: drawn.valToPos(moment / 1_000, 'x'), top: 0 }, false);
    }
  }, [days, chosen]);
  return (
    <div role="img" aria-label={label} className={css.chart}>
      <span ref={probe} hidden />
      <div ref={place} className={css.place} />
    </div>
  );
}
