import type { ReactNode } from 'react';
import css from './Choice.module.css';

interface Props<T extends string> {
  label: string;
  options: readonly { value: T; label: ReactNode }[];
  chosen: T;
  onChoose: (value: T) => void;
}

/** A few ways to see the same thing, one of them chosen. */
export function Choice<T extends string>({ label, options, chosen, onChoose }: Props<T>) {
  return (
    <fieldset className={css.choice}>
      <legend className="visually-hidden">{label}</legend>
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          aria-pressed={option.value === chosen}
          onClick={() => onChoose(option.value)}
        >
          {option.label}
        </button>
      ))}
    </fieldset>
  );
}
