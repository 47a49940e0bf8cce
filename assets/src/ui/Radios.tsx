import { useId } from 'react';
import css from './Form.module.css';

interface Option<T extends string> {
  value: T;
  label: string;
  /** What choosing it means. */
  hint?: string;
}

interface Props<T extends string> {
  legend: string;
  options: readonly Option<T>[];
  value: T;
  onChange: (value: T) => void;
  disabled?: boolean;
  error?: string | undefined;
}

/** One of a few, all in sight. */
export function Radios<T extends string>({ legend, options, value, onChange, disabled = false, error }: Props<T>) {
  const id = useId();
  const isTold = options.some(({ hint }) => hint !== undefined);
  return (
    <fieldset aria-describedby={error ? `${id}-error` : undefined}>
      <legend className={css.legend}>{legend}</legend>
      <div className={isTold ? css.options : css.inline}>
        {options.map((option) => (
          <div key={option.value} className={css.option}>
            <input
              type="radio"
              id={`${id}-${option.value}`}
              name={id}
              checked={option.value === value}
              disabled={disabled}
              aria-invalid={error ? true : undefined}
              aria-describedby={option.hint ? `${id}-${option.value}-hint` : undefined}
              onChange={() => onChange(option.value)}
            />
            <label htmlFor={`${id}-${option.value}`}>{option.label}</label>
            {option.hint ? (
              <span id={`${id}-${option.value}-hint`} className={css.hint}>
                {option.hint}
              </span>
            ) : null}
          </div>
        ))}
      </div>
      {error ? (
        <p id={`${id}-error`} className={css.error}>
          {error}
        </p>
      ) : null}
    </fieldset>
  );
}
