import { driftListText as text } from '../text';
import { Button } from '../ui/Button';
import { Dropdown } from '../ui/Dropdown';
import css from './Filters.module.css';
import { wordOf } from './filters';

interface Props<T extends string> {
  name: 'status' | 'kind' | 'severity';
  known: readonly T[];
  chosen: readonly T[];
  /** A choice that has a name of its own. */
  preset?: { label: string; values: readonly T[] };
  onChange: (values: readonly T[]) => void;
}

/** A filter of a few known values: any of those that are ticked, and no filter where none is. */
export function ValueMenu<T extends string>({ name, known, chosen, preset, onChange }: Props<T>) {
  const isPreset = preset !== undefined && preset.values.join() === chosen.join();
  const told = isPreset ? preset.label : chosen.map((value) => wordOf(name, value)).join(text.filters.or);
  const label = text.filters[name];
  return (
    <Dropdown label={text.filters.chip(label, told || text.filters.any)}>
      <fieldset className={css.choices}>
        <legend className="visually-hidden">{label}</legend>
        {known.map((value) => (
          <label key={value}>
            <input
              type="checkbox"
              checked={chosen.includes(value)}
              onChange={() =>
                onChange(known.filter((one) => (one === value ? !chosen.includes(one) : chosen.includes(one))))
              }
            />
            {wordOf(name, value)}
          </label>
        ))}
      </fieldset>
      <div className={css.presets}>
        {preset ? (
          <Button size="small" aria-pressed={isPreset} onClick={() => onChange(preset.values)}>
            {preset.label}
          </Button>
        ) : null}
        <Button size="small" aria-pressed={chosen.length === 0} onClick={() => onChange([])}>
          {text.filters.any}
        </Button>
      </div>
    </Dropdown>
  );
}
