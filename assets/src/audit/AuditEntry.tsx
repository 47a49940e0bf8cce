import type { ReactNode } from 'react';
import type { Schemas } from '../api/client';
import { exactly } from '../format/time';
import { auditText, roles } from '../text';
import { CopyButton } from '../ui/CopyButton';
import { Link } from '../ui/Link';
import { useZone } from '../ui/Time';
import css from './Audit.module.css';
import { AuditValue } from './AuditValue';
import { type Change, changes, leaves } from './changes';

/** All that an entry says: what changed, who asked from where, and how it hangs in the chain. */
export function AuditEntry({ entry }: { entry: Schemas['AuditEntry'] }) {
  const zone = useZone();
  const { changed, same } = changes(entry.oldValue, entry.newValue);
  const details = [...leaves(entry.details)];
  const hasBoth = entry.oldValue !== null && entry.newValue !== null;
  return (
    <div className={css.entry}>
      {changed.length > 0 ? (
        <section>
          <h3>{auditText.change}</h3>
          <Changes list={changed} hasBefore={entry.oldValue !== null} hasAfter={entry.newValue !== null} />
          {hasBoth && same.length > 0 ? (
            <details>
              <summary>{auditText.unchanged(same.length)}</summary>
              <Changes list={same} hasBefore={false} hasAfter />
            </details>
          ) : null}
        </section>
      ) : null}
      <div className={css.facts}>
        {details.length > 0 ? (
          <Facts title={auditText.details}>
            {details.map(([path, value]) => (
              <Fact key={path} name={path} isPath>
                <AuditValue value={value} />
              </Fact>
            ))}
          </Facts>
        ) : null}
        <Facts title={auditText.request}>
          <Fact name={auditText.exactly}>{exactly(Date.parse(entry.createdAt), zone)}</Fact>
          <Fact name={auditText.role}>{roles[entry.actorRole]}</Fact>
          <Fact name={auditText.ip}>{entry.ipAddress ?? auditText.unknown}</Fact>
          <Fact name={auditText.agent}>{entry.userAgent ?? auditText.unknown}</Fact>
          <Fact name={auditText.correlation}>
            <code>{entry.correlationId}</code> <CopyButton text={entry.correlationId} what={auditText.correlation} />
          </Fact>
        </Facts>
        <Facts title={auditText.chain}>
          <Fact name={auditText.number}>{entry.seq}</Fact>
          <Fact name={auditText.id}>
            <code>{entry.id}</code>
          </Fact>
          <Fact name={auditText.hash}>
            <code>{entry.hash}</code> <CopyButton text={entry.hash} what={auditText.hash} />
          </Fact>
          <Fact name={auditText.previousHash}>
            <code>{entry.prevHash}</code>
          </Fact>
        </Facts>
      </div>
      <p className={css.only}>
        <Link to="/audit" search={{ action: entry.action }}>
          {auditText.onlyAction}
        </Link>
        <Link to="/audit" search={{ actorId: entry.actorId }}>
          {auditText.onlyActor}
        </Link>
        {entry.driftId ? (
          <Link to="/audit" search={{ driftId: entry.driftId }}>
            {auditText.onlyDrift}
          </Link>
        ) : null}
      </p>
    </div>
  );
}

interface ChangesProps {
  list: readonly Change[];
  hasBefore: boolean;
  hasAfter: boolean;
}

function Changes({ list, hasBefore, hasAfter }: ChangesProps) {
  return (
    <table className={css.changes}>
      <thead>
        <tr>
          <th scope="col">{auditText.field}</th>
          {hasBefore ? <th scope="col">{auditText.before}</th> : null}
          {hasAfter ? <th scope="col">{hasBefore ? auditText.after : auditText.value}</th> : null}
        </tr>
      </thead>
      <tbody>
        {list.map(({ path, before, after }) => (
          <tr key={path}>
            <th scope="row">
              <code>{path}</code>
            </th>
            {hasBefore ? (
              <td data-label={auditText.before} data-side={hasAfter ? 'before' : undefined}>
                <AuditValue value={before} />
              </td>
            ) : null}
            {hasAfter ? (
              <td data-label={hasBefore ? auditText.after : undefined} data-side={hasBefore ? 'after' : undefined}>
                <AuditValue value={after} />
              </td>
            ) : null}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Facts({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section>
      <h3>{title}</h3>
      <dl className={css.list}>{children}</dl>
    </section>
  );
}

function Fact({ name, isPath = false, children }: { name: string; isPath?: boolean; children: ReactNode }) {
  return (
    <div>
      <dt>{isPath ? <code>{name}</code> : name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
