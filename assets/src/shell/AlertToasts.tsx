import { useEffect } from 'react';
import { onEvent } from '../live/live';
import { shell } from '../text';
import { Link } from '../ui/Link';
import { toast } from '../ui/Toasts';

/** Says at once when a critical alert is raised, wherever in the pages one is. */
export function AlertToasts() {
  useEffect(
    () =>
      onEvent(({ name, data }) => {
        if (name !== 'alert:created' || data.severity !== 'critical') return;
        const to = data.driftId ? `/drifts/${data.driftId}` : '/alerts';
        toast(
          <>
            <strong>{String(data.title)}</strong> {String(data.message)} <Link to={to}>{shell.criticalAlert}</Link>
          </>,
          { tone: 'critical' },
        );
      }),
    [],
  );
  return null;
}
