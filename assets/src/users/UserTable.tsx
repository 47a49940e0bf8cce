import type { Schemas } from '../api/client';
import { row } from '../keyboard/rows';
import { density } from '../preferences/preferences';
import { useAccount } from '../shell/who';
import { formText, roles, usersText } from '../text';
import { Badge } from '../ui/Badge';
import { Button } from '../ui/Button';
import { TableFrame } from '../ui/TableFrame';
import { Time } from '../ui/Time';
import { useCell } from '../useCell';
import css from './Users.module.css';
import type { Task } from './UsersPage';

type User = Schemas['User'];

interface Props {
  users: readonly User[];
  busy: boolean;
  block: string | undefined;
  onTask: (task: Task) => void;
}

export function UserTable({ users, busy, block, onTask }: Props) {
  const isCompact = useCell(density) === 'compact';
  const own = useAccount().id;
  return (
    <TableFrame label={usersText.table} busy={busy} cards compact={isCompact}>
      <table className={css.table}>
        <thead>
          <tr>
            <th scope="col">{usersText.person}</th>
            <th scope="col">{formText.role}</th>
            <th scope="col">{usersText.lastSignIn}</th>
            <th scope="col" className={css.created}>
              {formText.created}
            </th>
            <th scope="col">
              <span className="visually-hidden">{formText.actions}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {users.map((user) => (
            <tr key={user.id} data-id={user.id} data-own={user.id === own || undefined} className={css.row} {...row}>
              <th scope="row">
                <span className={css.person}>
                  <Name user={user} />
                  {user.id === own ? <Badge>{usersText.you}</Badge> : null}
                  {user.disabled ? <Badge tone="bad">{usersText.disabled}</Badge> : null}
                  {user.mustChangePassword ? <Badge tone="caution">{usersText.mustChange}</Badge> : null}
                </span>
                {user.firstName || user.lastName ? <span className={css.email}>{user.email}</span> : null}
              </th>
              <td data-label={formText.role}>{roles[user.role]}</td>
              <td data-label={usersText.lastSignIn}>
                {user.lastLoginAt ? <Time at={user.lastLoginAt} /> : usersText.neverSignedIn}
              </td>
              <td data-label={formText.created} className={css.created}>
                <Time at={user.createdAt} />
              </td>
              <td className={css.actions}>
                <Button
                  size="small"
                  aria-label={usersText.editOf(user.email)}
                  disabled={block !== undefined}
                  title={block}
                  onClick={() => onTask({ kind: 'edit', user })}
                >
                  {usersText.edit}
                </Button>
                {user.id === own ? null : (
                  <Button
                    size="small"
                    aria-label={usersText.resetOf(user.email)}
                    disabled={block !== undefined}
                    title={block}
                    onClick={() => onTask({ kind: 'reset', user })}
                  >
                    {usersText.reset}
                  </Button>
                )}
                <Button
                  size="small"
                  aria-label={usersText.removeOf(user.email)}
                  disabled={block !== undefined}
                  title={block}
                  onClick={() => onTask({ kind: 'delete', user })}
                >
                  {usersText.remove}
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableFrame>
  );
}

/** What the person is called, each part in its own direction; the email where that isn't known. */
function Name({ user: { firstName, lastName, email } }: { user: User }) {
  if (!firstName && !lastName) return email;
  return (
    <span>
      <bdi>{firstName}</bdi> <bdi>{lastName}</bdi>
    </span>
  );
}
