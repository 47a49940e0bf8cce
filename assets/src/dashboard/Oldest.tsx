import { useQuery } from '@tanstack/react-query';
import { api, data } from '../api/client';
import { DriftLines } from '../drifts/DriftLines';
import { dashboardText as t } from '../text';
import { Link } from '../ui/Link';
import { Loaded } from '../ui/Loaded';
import { Panel } from '../ui/Page';
import { Empty } from '../ui/States';

const SHOWN = 5;
const SEARCH = { sortBy: 'detectedAt', sortOrder: 'asc' } as const;

/** The open drifts of the live estate that were found the longest ago. */
export function Oldest() {
  const drifts = useQuery({
    queryKey: ['metrics', 'oldest'],
    queryFn: ({ signal }) => {
      const query = { ...SEARCH, status: 'open', kind: 'modified,missing,unmanaged', limit: SHOWN } as const;
      return data(api.GET('/api/v1/drifts', { params: { query }, signal }));
    },
  });
  const total = drifts.data?.pagination.total ?? 0;
  return (
    <Panel
      title={t.oldest}
      aside={
        total > 0 ? (
          <Link to="/drifts" search={SEARCH}>
            {t.all(total)}
          </Link>
        ) : null
      }
    >
      <Loaded query={drifts} failed={t.oldestFailed} rows={SHOWN} height="3.25rem">
        {({ items }) =>
          items.length === 0 ? <Empty title={t.oldestNone} /> : <DriftLines drifts={items} search={SEARCH} />
        }
      </Loaded>
    </Panel>
  );
}
