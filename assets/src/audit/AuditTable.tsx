import { useId, useState } from 'react';
import type { Schemas } from '../api/client';
import { showable } from '../diff/showable';
import { middle } from '../format/middle';
import { row, rowFocus } from '../keyboard/rows';
import { density } from '../preferences/preferences';
import { auditText } from '../text';
import { Link } from '../ui/Link';
import { TableFrame } from '../ui/TableFrame';
import { Time } from '../ui/Time';
import { useCell } from '../useCell';
import css from './Audit.module.css';
import { AuditEntry } from './AuditEntry';
import { subjectOf } from './subject';

type Entry = Schemas['AuditEntry'];

const LONGEST_NAME = 60;

export function AuditTable({ entries, busy }: { entries: readonly Entry[]; busy: boolean }) {
  const isCompact = useCell(density) === 'compact';
  return (
    <TableFrame label={auditText.table} busy={busy} cards compact={isCompact}>
      <table className={css.table}>
        <thead>
          <tr>
            <th scope="col">{auditText.what}</th>
            <th scope="col">{auditText.object}</th>
            <th scope="col" className={css.whoColumn}>
              {auditText.who}
            </th>
            <th scope="col" className={css.whenColumn}>
              {auditText.when}
            </th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => (
            <Row key={entry.id} entry={entry} />
          ))}
        </tbody>
      </table>
    </TableFrame>
  );
}

function Row({ entry }: { entry: Entry }) {
  const [isOpen, open] = useState(false);
  const id = useId();
  const subject = subjectOf(entry);
  return (
    <>
      <tr data-id={entry.id} data-open={isOpen || undefined} {...row}>
        <td className={css.what}>
          <button
            type="button"
            className={css.toggle}
            aria-expanded={isOpen}
            aria-controls={id}
            onClick={() => open(!isOpen)}
            {...rowFocus}
          >
            <span aria-hidden="true" className={css.arrow} />
            {auditText.actions[entry.action]}
          </button>
        </td>
        <td data-label={subject === null ? undefined : auditText.object}>
          {subject === null ? null : <Subject {...subject} />}
        </td>
        <td data-label={auditText.who}>
          <span className={css.name}>{entry.actorEmail}</span>
        </td>
        <td data-label={auditText.when} className={css.when}>
          <Time at={entry.createdAt} />
        </td>
      </tr>
      <tr id={id} hidden={!isOpen} className={css.inside}>
        <td colSpan={4}>{isOpen ? <AuditEntry entry={entry} /> : null}</td>
      </tr>
    </>
  );
}

function Subject({ name, to }: { name: string; to?: string }) {
  const short = middle(showable(name), LONGEST_NAME);
  const title = short === name ? undefined : name;
  return to === undefined ? (
    <span className={css.name} title={title}>
      {short}
    </span>
  ) : (
    <Link to={to} className={css.name} title={title}>
      {short}
    </Link>
  );
}
