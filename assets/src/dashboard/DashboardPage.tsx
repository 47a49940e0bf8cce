import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, data } from '../api/client';
import { pages, pushText, dashboardText as t } from '../text';
import { Button } from '../ui/Button';
import { Choice } from '../ui/Choice';
import { Page, Panel } from '../ui/Page';
import { Failure, Refetching } from '../ui/States';
import { IgnoredFilters } from '../url/IgnoredFilters';
import { ignored } from '../url/search';
import { useUrlSearch } from '../url/useSearch';
import { FirstScan } from '../workspaces/push/FirstScan';
import { PushGuide } from '../workspaces/push/PushGuide';
import css from './DashboardPage.module.css';
import { LastScans } from './LastScans';
import { Oldest } from './Oldest';
import { DEFAULT, PERIODS, periodOf } from './period';
import { Queue } from './Queue';
import { Cost, OpenDrifts, Resolution, Workspaces } from './Summary';
import { Trend } from './Trend';
import { Unchecked } from './Unchecked';

export function DashboardPage() {
  const [search, change] = useUrlSearch();
  const days = periodOf(search.days);
  const summary = useQuery({
    queryKey: ['metrics', 'summary', days],
    // Another period changes some of the figures only: the others stay in sight.
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      data(api.GET('/api/v1/metrics/summary', { params: { query: { days: Number(days) } }, signal })),
  });
  // Who waits for the first scan sees it arrive where one is looking, and goes on from there.
  const [isFirstRun, first] = useState<boolean>();
  if (isFirstRun === undefined && summary.data)
    first(summary.data.scans.lastAt === null && summary.data.drifts.total === 0);
  const isWithout = summary.isError && summary.data === undefined;
  if (isFirstRun) {
    return (
      <Page key="first" title={pages.dashboard}>
        <FirstRun onDone={() => first(false)} />
      </Page>
    );
  }
  return (
    <Page
      title={pages.dashboard}
      actions={
        <Choice
          label={t.period}
          options={PERIODS.map((value) => ({ value, label: t.days(Number(value)) }))}
          chosen={days}
          onChoose={(value) => change({ days: value === DEFAULT ? undefined : value })}
        />
      }
    >
      <IgnoredFilters found={ignored(search, { days: PERIODS, status: ['failed'] })} change={change} />
      <div className={css.bar}>
        <Refetching active={summary.isFetching && summary.data !== undefined} />
      </div>
      {isWithout ? (
        <Failure what={t.summaryFailed} error={summary.error} onRetry={() => void summary.refetch()} />
      ) : (
        <div className={css.figures} aria-busy={summary.isFetching}>
          <OpenDrifts figures={summary.data} />
          <Workspaces figures={summary.data} />
          <Cost figures={summary.data} />
        </div>
      )}
      <div className={css.wide}>
        <Trend days={Number(days)} />
        <Queue />
      </div>
      <div className={css.halves}>
        <Oldest />
        <div className={css.stack}>
          {isWithout ? null : <Resolution figures={summary.data} days={Number(days)} />}
          <Unchecked />
        </div>
      </div>
      <LastScans
        figures={summary.data?.scans}
        days={Number(days)}
        isFailedOnly={search.status === 'failed'}
        onFailedOnly={(isOnly) => change({ status: isOnly ? 'failed' : undefined })}
      />
    </Page>
  );
}

function FirstRun({ onDone }: { onDone: () => void }) {
  return (
    <>
      <Panel title={pushText.firstTitle}>
        <PushGuide />
      </Panel>
      <FirstScan
        action={
          <Button look="primary" onClick={onDone}>
            {pushText.toDashboard}
          </Button>
        }
      />
    </>
  );
}
