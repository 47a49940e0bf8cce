import { common } from '../text';
import { Button } from './Button';
import css from './NewRows.module.css';

interface Props {
  /** `2 new alerts`; `null` while there are none. */
  what: string | null;
  onShow: () => void;
}

/** Says that there are new rows, which come when they are asked for: what is being read does not move. */
export function NewRows({ what, onShow }: Props) {
  return (
    <div role="status" className={css.place}>
      {what === null ? null : (
        <p className={css.news}>
          {what}
          <Button size="small" onClick={onShow}>
            {common.show}
          </Button>
        </p>
      )}
    </div>
  );
}
