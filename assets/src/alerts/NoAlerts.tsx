import { useQuery } from '@tanstack/react-query';
import { alertsText } from '../text';
import { Button } from '../ui/Button';
import { Empty } from '../ui/States';
import { total } from './useAlerts';

/** No alert at all: because there never was one, or because none is what the filters ask for. */
export function NoAlerts({ isFiltered, onClear }: { isFiltered: boolean; onClear: () => void }) {
  const all = useQuery({
    queryKey: ['alerts', 'count', {}],
    queryFn: ({ signal }) => total({}, signal),
    enabled: isFiltered,
  });
  if (!isFiltered) return <Empty title={alertsText.none}>{alertsText.noneWhy}</Empty>;
  return (
    <Empty title={alertsText.noMatch} action={<Button onClick={onClear}>{alertsText.clear}</Button>}>
      {all.data === undefined ? null : alertsText.without(all.data)}
    </Empty>
  );
}
