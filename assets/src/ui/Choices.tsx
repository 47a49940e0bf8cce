import type { ReactNode } from 'react';
import { common } from '../text';
import css from './Choices.module.css';
import { Dropdown } from './Dropdown';

interface Choice<T extends string> {
  value: T;
  label: string;
  /** Choices that follow each other under one heading. */
  group?: string;
}

interface Props<T extends string> {
  label: string;
  choices: readonly Choice<T>[];
  chosen: readonly T[];
  /** What stands on the button instead of the choices' own names. */
  told?: string | undefined;
  /** Whether the button is marked as one that narrows what is shown. */
  isSet?: boolean;
  onChange: (chosen: T[]) => void;
  /** What stands below the choices. */
  children?: ReactNode;
}

/** Any of several, as a filter: what is chosen stands on the button, the choices drop down from it. */
export function Choices<T extends string>({ label, choices, chosen, told, isSet, onChange, children }: Props<T>) {
  const labels = choices.filter(({ value }) => chosen.includes(value)).map((one) => one.label);
  return (
    <Dropdown
      isSet={isSet ?? labels.length > 0}
      label={
        <>
          <span className={css.name}>{label}:</span>{' '}
          <span className={css.value}>{told ?? (labels.length === 0 ? common.any : labels.join(common.or))}</span>
        </>
      }
    >
      <fieldset className={css.choices}>
        <legend className="visually-hidden">{label}</legend>
        {choices.map(({ value, label: word, group }, at) => (
          <div key={value}>
            {group !== undefined && group !== choices[at - 1]?.group ? <p className={css.group}>{group}</p> : null}
            <label className={css.choice}>
              <input
                type="checkbox"
                checked={chosen.includes(value)}
                onChange={({ target }) =>
                  onChange(
                    choices
                      .map((one) => one.value)
                      .filter((one) => (one === value ? target.checked : chosen.includes(one))),
                  )
                }
              />
              {word}
            </label>
          </div>
        ))}
      </fieldset>
      {children}
    </Dropdown>
  );
}
