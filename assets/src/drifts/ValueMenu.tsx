import { driftListText as text } from '../text';
import { Button } from '../ui/Button';
import { Choices } from '../ui/Choices';
import css from './Filters.module.css';
import { wordOf } from './wordOf';

interface Props<T extends string> {
  name: 'status' | 'kind' | 'severity';
  known: readonly T[];
  chosen: readonly T[];
  /** A choice that has a name of its own, and that the plain list has. */
  preset?: { label: string; values: readonly T[] };
  onChange: (values: readonly T[]) => void;
}

/** A filter of a few known values: any of those that are ticked, and no filter where none is. */
export function ValueMenu<T extends string>({ name, known, chosen, preset, onChange }: Props<T>) {
  const isPreset = preset !== undefined && preset.values.join() === chosen.join();
  return (
    <Choices
      label={text.filters[name]}
      choices={known.map((value) => ({ value, label: wordOf(name, value) }))}
      chosen={chosen}
      told={isPreset ? preset.label : undefined}
      isSet={preset ? !isPreset : chosen.length > 0}
      onChange={onChange}
    >
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
    </Choices>
  );
}
