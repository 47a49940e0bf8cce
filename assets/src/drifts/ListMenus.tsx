import { useState } from 'react';
import { download } from '../api/client';
import { density } from '../preferences/preferences';
import { driftListText as text } from '../text';
import { Button } from '../ui/Button';
import { Dropdown } from '../ui/Dropdown';
import { toast } from '../ui/Toasts';
import { stringifySearch } from '../url/search';
import { useCell } from '../useCell';
import { COLUMNS, toggleColumn, useColumns } from './columns';
import css from './Filters.module.css';
import { type Filters, filterQuery } from './filters';

/** Saves all that match. */
export function ExportMenu({ filters }: { filters: Filters }) {
  const [isBusy, setBusy] = useState(false);
  const save = async (format: 'csv' | 'ndjson') => {
    setBusy(true);
    try {
      const search = stringifySearch({ format, ...filterQuery(filters) });
      await download(`/api/v1/drifts/export${search}`, `drifts.${format}`);
    } catch (error) {
      toast(`${text.exportFailed}: ${error instanceof Error ? error.message : error}`, { tone: 'failed' });
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dropdown label={text.export} align="end">
      <p className={css.hint}>{text.exportHint}</p>
      <Button size="small" busy={isBusy} onClick={() => save('csv')}>
        {text.exportCsv}
      </Button>
      <Button size="small" busy={isBusy} onClick={() => save('ndjson')}>
        {text.exportNdjson}
      </Button>
    </Dropdown>
  );
}

/** How the list looks to this person, whatever it shows. */
export function ViewMenu() {
  const columns = useColumns();
  const isCompact = useCell(density) === 'compact';
  return (
    <Dropdown label={text.view} align="end">
      <label className={css.choice}>
        <input type="checkbox" checked={isCompact} onChange={() => density.set(isCompact ? 'normal' : 'compact')} />
        {text.compact}
      </label>
      <fieldset className={css.choices}>
        <legend>{text.columnsShown}</legend>
        {COLUMNS.map((column) => (
          <label key={column}>
            <input type="checkbox" checked={columns.includes(column)} onChange={() => toggleColumn(column)} />
            {text.columns[column]}
          </label>
        ))}
      </fieldset>
    </Dropdown>
  );
}
