import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, data } from '../api/client';
import { pages, pushText, dashboardText as t } from '../text';
import { Button } from '../ui/Button';
import { Choice } from '../ui/Choice';
import { Loaded } from '../ui/Loaded';
import { Page, Panel } from '../ui/Page';
import { Refetching } from '../ui/States';
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
  if (isFirstRun === undefined && summary.data) first(summary.data.scans.lastAt === null);
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
      <Loaded query={summary} failed={t.summaryFailed} rows={3} height="4.5rem">
        {(figures) => (
          <div className={css.figures} aria-busy={summary.isFetching}>
            <OpenDrifts figures={figures} />
            <Workspaces figures={figures} />
            <Cost figures={figures} />
          </div>
        )}
      </Loaded>
      <div className={css.wide}>
        <Trend days={Number(days)} />
        <Queue />
      </div>
      <div className={css.halves}>
        <Oldest />
        <div className={css.stack}>
          <Unchecked />
          {summary.data ? <Resolution figures={summary.data} days={Number(days)} /> : null}
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
