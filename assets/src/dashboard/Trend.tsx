import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { api, data, type Schemas } from '../api/client';
import { Chart } from '../chart/Chart';
import { money } from '../format/numbers';
import { dashboardText as t } from '../text';
import { Loaded } from '../ui/Loaded';
import { Panel } from '../ui/Page';
import { Empty, Refetching } from '../ui/States';
import { TableFrame } from '../ui/TableFrame';
import { extremes } from './extremes';
import css from './Trend.module.css';

const short = new Intl.NumberFormat('en-US', {
  style: 'currency',
  currency: 'USD',
  notation: 'compact',
  maximumFractionDigits: 1,
});
const monthDay = new Intl.DateTimeFormat('en-US', { month: 'short', day: 'numeric', timeZone: 'UTC' });
const tick = (value: number) => short.format(value);
const day = (moment: number) => monthDay.format(moment);
const dollars = (amount: number) => money(amount, 'USD');

/** How the monthly cost of the open drifts went, day by day. */
export function Trend({ days }: { days: number }) {
  const trend = useQuery({
    queryKey: ['metrics', 'cost-trend', days],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => data(api.GET('/api/v1/metrics/cost-trend', { params: { query: { days } }, signal })),
  });
  const savings = trend.data?.summary.savingsPotential ?? 0;
  return (
    <Panel title={t.trend} aside={savings > 0 ? t.savings(dollars(savings)) : null}>
      <Refetching active={trend.isFetching && trend.data !== undefined} />
      <Loaded query={trend} failed={t.trendFailed} rows={1} height="22rem">
        {({ trend: points }) =>
          points.every(({ cost, projectedCost }) => cost === 0 && projectedCost === 0) ? (
            <div className={css.none}>
              <Empty title={t.trendNone}>{t.trendNoneHow}</Empty>
            </div>
          ) : (
            <Lines points={points} />
          )
        }
      </Loaded>
    </Panel>
  );
}

type Points = readonly Schemas['TrendPoint'][];

function Lines({ points }: { points: Points }) {
  const last = points.length - 1;
  // The day, not its number: it stays the same one in another period.
  const [asked, askFor] = useState<string>();
  const found = points.findIndex(({ date }) => date === asked);
  const chosen = found < 0 ? last : found;
  const ask = (at: number) => askFor(points[at]?.date);
  const moments = useMemo(() => points.map(({ date }) => Date.parse(date)), [points]);
  const series = useMemo(
    () => [
      { label: t.trendCost, colour: '--accent', isDashed: false, values: points.map(({ cost }) => cost) },
      { label: t.trendAfter, colour: '--good-ink', isDashed: true, values: points.map((one) => one.projectedCost) },
    ],
    [points],
  );
  const point = points[chosen];
  if (point === undefined) return null;
  const reads = t.trendReads(point.date, dollars(point.cost), dollars(point.projectedCost));
  return (
    <div className={css.trend}>
      <p className={css.reading}>
        <time dateTime={point.date}>{point.date}</time>
        <span data-series="cost">
          {t.trendCost} <strong>{dollars(point.cost)}</strong>
        </span>
        <span data-series="after">
          {t.trendAfter} <strong>{dollars(point.projectedCost)}</strong>
        </span>
      </p>
      <Chart
        days={moments}
        series={series}
        chosen={chosen}
        label={summaryOf(points)}
        tick={tick}
        day={day}
        onChoose={ask}
      />
      <input
        type="range"
        className={css.slider}
        min={0}
        max={last}
        value={chosen}
        aria-label={t.trendDay}
        aria-valuetext={reads}
        onChange={(event) => ask(Number(event.target.value))}
      />
      <details>
        <summary>{t.trendTable}</summary>
        <TableFrame label={t.trend} compact>
          <table className={css.table}>
            <thead>
              <tr>
                <th scope="col">{t.date}</th>
                <th scope="col">{t.trendCost}</th>
                <th scope="col">{t.trendAfter}</th>
              </tr>
            </thead>
            <tbody>
              {points.toReversed().map(({ date, cost, projectedCost }) => (
                <tr key={date}>
                  <th scope="row">{date}</th>
                  <td>{dollars(cost)}</td>
                  <td>{dollars(projectedCost)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableFrame>
      </details>
    </div>
  );
}

function summaryOf(points: Points): string {
  const { first, last, least, most } = extremes(points.map(({ cost }) => cost));
  const after = points.at(-1)?.projectedCost ?? 0;
  return t.trendSummary(points.length, dollars(first), dollars(last), dollars(least), dollars(most), dollars(after));
}
