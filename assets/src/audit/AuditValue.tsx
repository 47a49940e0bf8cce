import { showable } from '../diff/showable';
import { auditText } from '../text';
import css from './Audit.module.css';

/** A value as it stands in the log: nothing, an empty text and `null` are three different things. */
export function AuditValue({ value }: { value: unknown }) {
  const word = wordOf(value);
  if (word !== undefined) return <em className={css.word}>{word}</em>;
  return <code className={css.value}>{showable(typeof value === 'string' ? value : JSON.stringify(value))}</code>;
}

function wordOf(value: unknown): string | undefined {
  if (value === undefined) return auditText.absent;
  if (value === '') return auditText.emptyText;
  if (Array.isArray(value)) return auditText.emptyList;
  return typeof value === 'object' && value !== null ? auditText.emptyObject : undefined;
}
