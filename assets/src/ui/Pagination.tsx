import { pageSize } from '../preferences/preferences';
import { paginationText } from '../text';
import { useCell } from '../useCell';
import { Button } from './Button';
import css from './Pagination.module.css';

interface Props {
  page: number;
  pageSize: number;
  total: number;
  onPage: (page: number) => void;
}

/** Which rows these are, of how many, and the way to the others. */
export function Pagination({ page, pageSize: size, total, onPage }: Props) {
  const chosen = useCell(pageSize);
  const pages = Math.max(1, Math.ceil(total / size));
  const from = total === 0 ? 0 : (page - 1) * size + 1;
  const to = Math.min(total, page * size);
  // With a title, one that is off keeps the focus: who goes to the last page by the keyboard stays here.
  const step = (label: string, sign: string, target: number, isOff: boolean) => (
    <Button size="small" aria-label={label} title={label} disabled={isOff} onClick={() => onPage(target)}>
      {sign}
    </Button>
  );
  return (
    <nav className={css.pagination} aria-label={paginationText.label}>
      <label className={css.rows}>
        {paginationText.rows}{' '}
        <select
          value={chosen}
          onChange={(event) => {
            pageSize.set(event.target.value as '25' | '50' | '100');
            onPage(1);
          }}
        >
          <option>25</option>
          <option>50</option>
          <option>100</option>
        </select>
      </label>
      <span>{paginationText.range(from, to, total)}</span>
      <span className={css.steps}>
        {step(paginationText.first, '«', 1, page <= 1)}
        {step(paginationText.previous, '‹', page - 1, page <= 1)}
        <span className={css.page}>{paginationText.page(page, pages)}</span>
        {step(paginationText.next, '›', page + 1, page >= pages)}
        {step(paginationText.last, '»', pages, page >= pages)}
      </span>
    </nav>
  );
}
