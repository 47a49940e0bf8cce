import { useWriteBlock } from '../shell/who';
import { decisions, driftListText as text } from '../text';
import { Button } from '../ui/Button';
import css from './BulkBar.module.css';
import type { Action } from './decision';
import type { Row } from './rows';
import { MOST, type Selection, size, sizeOn } from './selection';

interface Props {
  selection: Selection;
  rows: readonly Row[];
  /** How many match the filter. */
  total: number;
  onSelectMatching: () => void;
  onClear: () => void;
  onDecide: (action: Action) => void;
}

const ACTIONS: readonly Action[] = ['triage', 'approve', 'reject', 'resolve'];

/** What is selected, and what can be decided about it. It stands over the list's foot, so that no row moves. */
export function BulkBar({ selection, rows, total, onSelectMatching, onClear, onDecide }: Props) {
  const block = useWriteBlock();
  const selected = size(selection);
  if (selected === 0) return null;
  const onPage = sizeOn(selection, rows);
  const reason = selected > MOST ? text.select.tooMany(selected) : block;
  const told =
    selection.matching !== null
      ? text.select.matching(selected)
      : onPage === selected
        ? text.select.onPage(onPage)
        : text.select.all(selected);
  return (
    <section className={css.bar} aria-label={text.select.bar}>
      <div className={css.told}>
        <strong role="status">{told}</strong>
        {selection.matching === null && onPage === rows.length && total > selected ? (
          <Button
            size="small"
            look="quiet"
            disabled={total > MOST}
            title={total > MOST ? text.select.tooMany(total) : undefined}
            onClick={onSelectMatching}
          >
            {text.select.selectMatching(total)}
          </Button>
        ) : null}
        <Button size="small" look="quiet" onClick={onClear}>
          {text.select.clear}
        </Button>
      </div>
      <div className={css.actions}>
        {ACTIONS.map((action) => (
          <Button
            key={action}
            size="small"
            disabled={reason !== undefined}
            title={reason ?? decisions[action].meaning}
            onClick={() => onDecide(action)}
          >
            {decisions[action].verb}
          </Button>
        ))}
      </div>
      {selected > MOST ? <p className={css.reason}>{reason}</p> : null}
    </section>
  );
}
