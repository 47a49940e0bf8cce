import { pageSize } from '../preferences/preferences';
import { auditText, paginationText } from '../text';
import { Button } from '../ui/Button';
import { focusHeading } from '../ui/focus';
import type { ChangeSearch } from '../url/useSearch';
import { useCell } from '../useCell';
import css from './Audit.module.css';

interface Props {
  cursor: string | undefined;
  next: string | null | undefined;
  change: ChangeSearch;
}

/** By the cursor that led to an older page, the one of the page it was on; empty for the newest. */
const cameFrom = new Map<string, string>();

/** The way to older entries, and back. A cursor knows what comes next only: what came before is remembered. */
export function Places({ cursor, next, change }: Props) {
  const size = useCell(pageSize);
  const back = cursor === undefined ? undefined : cameFrom.get(cursor);
  const goTo = (place: string | undefined) => {
    change({ cursor: place });
    scrollTo(0, 0);
    focusHeading();
  };
  return (
    <nav className={css.places} aria-label={auditText.places}>
      <label>
        {paginationText.rows}{' '}
        <select
          value={size}
          onChange={(event) => {
            const chosen = (['25', '50', '100'] as const).find((one) => one === event.target.value);
            if (chosen !== undefined) pageSize.set(chosen);
            change({ cursor: undefined });
          }}
        >
          <option>25</option>
          <option>50</option>
          <option>100</option>
        </select>
      </label>
      <Button size="small" disabled={cursor === undefined} onClick={() => goTo(undefined)}>
        {auditText.newest}
      </Button>
      <Button size="small" disabled={back === undefined} onClick={() => goTo(back)}>
        {auditText.newer}
      </Button>
      <Button
        size="small"
        disabled={!next}
        onClick={() => {
          if (!next) return;
          cameFrom.set(next, cursor ?? '');
          goTo(next);
        }}
      >
        {auditText.older}
      </Button>
    </nav>
  );
}
