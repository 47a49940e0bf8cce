import { api, type Schemas } from '../api/client';
import { useWriteBlock } from '../shell/who';
import { keysText } from '../text';
import { ConfirmDialog } from '../ui/ConfirmDialog';
import { Time } from '../ui/Time';

interface Props {
  revoked: Schemas['ApiKey'];
  onDone: () => void;
  onClose: () => void;
}

export function RevokeKey({ revoked, onDone, onClose }: Props) {
  const block = useWriteBlock();
  const params = { path: { id: revoked.id } };
  return (
    <ConfirmDialog
      title={keysText.revokeTitle}
      verb={keysText.revoke}
      failed={keysText.revokeFailed}
      block={block}
      onClose={onClose}
      work={async () => {
        await api.DELETE('/api/v1/api-keys/{id}', { params });
        onDone();
      }}
    >
      <p>{keysText.revokeEffect(revoked.name)}</p>
      <p>
        {revoked.lastUsedAt === null ? (
          keysText.revokeUnused
        ) : (
          <>
            {keysText.revokeUsed} <Time at={revoked.lastUsedAt} />.
          </>
        )}
      </p>
    </ConfirmDialog>
  );
}
