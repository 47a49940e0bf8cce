import { api, data, type Schemas } from '../api/client';
import { signOut } from '../api/session';
import { useAccount, useWriteBlock } from '../shell/who';
import { usersText } from '../text';
import { ConfirmDialog } from '../ui/ConfirmDialog';
import css from './Users.module.css';

type User = Schemas['User'];

interface ResetProps {
  user: User;
  onSecret: (email: string, password: string) => void;
  onClose: () => void;
}

export function ResetPassword({ user, onSecret, onClose }: ResetProps) {
  const block = useWriteBlock();
  const params = { path: { id: user.id } };
  return (
    <ConfirmDialog
      title={usersText.resetTitle}
      verb={usersText.reset}
      look="primary"
      failed={usersText.resetFailed}
      block={block}
      onClose={onClose}
      work={async () => {
        const { oneTimePassword } = await data(api.POST('/api/v1/users/{id}/reset-password', { params }));
        onSecret(user.email, oneTimePassword ?? '');
      }}
    >
      <p>{usersText.resetEffect(user.email)}</p>
    </ConfirmDialog>
  );
}

interface DeleteProps {
  user: User;
  onDone: (said: string) => void;
  onClose: () => void;
}

export function DeleteUser({ user, onDone, onClose }: DeleteProps) {
  const block = useWriteBlock();
  const isOwn = useAccount().id === user.id;
  const params = { path: { id: user.id } };
  return (
    <ConfirmDialog
      title={usersText.removeTitle}
      verb={usersText.remove}
      failed={usersText.removeFailed}
      block={block}
      onClose={onClose}
      work={async () => {
        await api.DELETE('/api/v1/users/{id}', { params });
        if (isOwn) await signOut();
        else onDone(usersText.removed(user.email));
      }}
    >
      {isOwn ? (
        <p>
          <strong>{usersText.ownRemove}</strong>
        </p>
      ) : null}
      <p>{usersText.removeEffect(user.email)}</p>
      <p className={css.quiet}>{usersText.removeKeeps}</p>
    </ConfirmDialog>
  );
}
