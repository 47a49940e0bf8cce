import { useQuery } from '@tanstack/react-query';
import { api, data } from '../api/client';
import { useWriteBlock } from '../shell/who';
import { alertsText, common } from '../text';
import { Button } from '../ui/Button';
import { Dialog, DialogActions } from '../ui/Dialog';
import { Loaded } from '../ui/Loaded';
import { markAllRead } from './reading';

interface Props {
  /** How many unread ones the filters let through. */
  inSight: number;
  onClose: () => void;
}

/** Asks before every unread alert is marked, with their number: the call knows no filters. */
export function MarkAll({ inSight, onClose }: Props) {
  const block = useWriteBlock();
  const found = useQuery({
    queryKey: ['alerts', 'count', 'unread'],
    queryFn: async ({ signal }) => {
      const query = { isRead: false, limit: 1 };
      const { items, pagination } = await data(api.GET('/api/v1/alerts', { params: { query }, signal }));
      return { unread: pagination.total, newest: items[0]?.id };
    },
    staleTime: 0,
    gcTime: 0,
  });
  const unread = found.data?.unread;
  return (
    <Dialog title={unread === undefined ? alertsText.markAll : alertsText.markAllTitle(unread)} onClose={onClose}>
      <Loaded query={found} failed={alertsText.failed} rows={1}>
        {({ unread, newest }) => (
          <>
            <p>
              {unread === 0 ? alertsText.noUnread : alertsText.markAllEffect}{' '}
              {unread > inSight ? alertsText.markAllHidden(unread - inSight) : null}
            </p>
            <DialogActions>
              <Button onClick={onClose}>{common.cancel}</Button>
              <Button
                look="primary"
                disabled={newest === undefined || block !== undefined}
                title={block}
                onClick={() => {
                  if (newest !== undefined) markAllRead(unread, newest);
                  onClose();
                }}
              >
                {alertsText.markAll}
              </Button>
            </DialogActions>
          </>
        )}
      </Loaded>
    </Dialog>
  );
}
