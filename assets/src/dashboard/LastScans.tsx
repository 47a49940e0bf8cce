import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api, data, type Schemas } from '../api/client';
import { ScanTable } from '../scans/ScanTable';
import { dashboardText as t } from '../text';
import { Choice } from '../ui/Choice';
import { Loaded } from '../ui/Loaded';
import { Panel } from '../ui/Page';
import { Empty } from '../ui/States';
import { allWorkspaces } from '../workspaces/queries';
import css from './LastScans.module.css';

const SHOWN = 8;

interface Props {
  figures: Schemas['ScanFigures'] | undefined;
  days: number;
  isFailedOnly: boolean;
  onFailedOnly: (isOnly: boolean) => void;
}

/** The newest scans of all workspaces, or the newest that failed. */
export function LastScans({ figures, days, isFailedOnly, onFailedOnly }: Props) {
  const scans = useQuery({
    queryKey: ['scans', 'last', isFailedOnly],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => {
      const query = { limit: SHOWN, ...(isFailedOnly ? { status: 'failed' as const } : {}) };
      return data(api.GET('/api/v1/scans', { params: { query }, signal }));
    },
  });
  const ids = useQuery({
    ...allWorkspaces(),
    select: ({ items }) => new Map(items.map((workspace) => [workspace.name, workspace.id])),
  }).data;
  return (
    <Panel
      title={t.lastScans}
      flush
      aside={
        <span className={css.aside}>
          {figures ? (
            <span>
              {t.scansIn(figures.total, days)}, {t.scansFailed(figures.failed)}
            </span>
          ) : null}
          <Choice
            label={t.lastScans}
            options={[
              { value: 'all', label: t.scansAll },
              { value: 'failed', label: t.scansFailedOnly },
            ]}
            chosen={isFailedOnly ? 'failed' : 'all'}
            onChoose={(value) => onFailedOnly(value === 'failed')}
          />
        </span>
      }
    >
      <Loaded query={scans} failed={t.lastScansFailed} rows={SHOWN}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={t.scansNone} />
          ) : (
            <ScanTable
              scans={items}
              busy={scans.isFetching}
              workspaceLink={(name) => {
                const id = ids?.get(name);
                return id === undefined ? `/workspaces?name=${encodeURIComponent(name)}` : `/workspaces/${id}`;
              }}
            />
          )
        }
      </Loaded>
    </Panel>
  );
}
