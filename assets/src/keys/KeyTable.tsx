import type { Schemas } from '../api/client';
import { showable } from '../diff/showable';
import { row } from '../keyboard/rows';
import { density } from '../preferences/preferences';
import { formText, keysText } from '../text';
import { Badge } from '../ui/Badge';
import { Button } from '../ui/Button';
import { TableFrame } from '../ui/TableFrame';
import { Time, useNow } from '../ui/Time';
import { useCell } from '../useCell';
import { endState } from './expiry';
import css from './Keys.module.css';

type Key = Schemas['ApiKey'];

const SHOWN_WORKSPACES = 3;

interface Props {
  keys: readonly Key[];
  busy: boolean;
  block: string | undefined;
  onRevoke: (key: Key) => void;
}

export function KeyTable({ keys, busy, block, onRevoke }: Props) {
  const isCompact = useCell(density) === 'compact';
  return (
    <TableFrame label={keysText.table} busy={busy} cards compact={isCompact}>
      <table className={css.table}>
        <thead>
          <tr>
            <th scope="col">{keysText.name}</th>
            <th scope="col">{keysText.scope}</th>
            <th scope="col">{keysText.workspaces}</th>
            <th scope="col">{formText.lastUse}</th>
            <th scope="col">{keysText.expiry}</th>
            <th scope="col">{keysText.createdBy}</th>
            <th scope="col">
              <span className="visually-hidden">{formText.actions}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {keys.map((key) => (
            <tr key={key.id} data-id={key.id} className={css.row} {...row}>
              <th scope="row">
                <bdi className={css.name}>{showable(key.name)}</bdi>
                <code className={css.prefix} title={keysText.prefix}>
                  {key.prefix}…
                </code>
              </th>
              <td data-label={keysText.scope}>{keysText.scopes[key.scope]}</td>
              <td data-label={keysText.workspaces}>
                <Workspaces names={key.workspaces} />
              </td>
              <td data-label={formText.lastUse}>{key.lastUsedAt ? <Time at={key.lastUsedAt} /> : formText.never}</td>
              <td data-label={keysText.expiry}>
                <Expiry at={key.expiresAt} />
              </td>
              <td data-label={keysText.createdBy}>
                <span className={css.by}>{key.createdBy}</span> <Time at={key.createdAt} />
              </td>
              <td className={css.actions}>
                <Button
                  size="small"
                  aria-label={keysText.revokeOf(key.name)}
                  disabled={block !== undefined}
                  title={block}
                  onClick={() => onRevoke(key)}
                >
                  {keysText.revoke}
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableFrame>
  );
}

function Workspaces({ names }: { names: readonly string[] }) {
  if (names.length === 0) return keysText.allWorkspaces;
  const more = names.length - SHOWN_WORKSPACES;
  return (
    <span className={css.workspaces} title={more > 0 ? names.join(', ') : undefined}>
      {names.slice(0, SHOWN_WORKSPACES).join(', ')} {more > 0 ? keysText.andMore(more) : null}
    </span>
  );
}

function Expiry({ at }: { at: string | null }) {
  const state = endState(at, useNow());
  if (at === null) return formText.never;
  return (
    <span className={css.expiry}>
      <Time at={at} />
      {state === 'over' ? <Badge tone="bad">{keysText.expired}</Badge> : null}
      {state === 'soon' ? <Badge tone="caution">{keysText.soon}</Badge> : null}
    </span>
  );
}
