import { useEffect, useRef, useState } from 'react';
import { common } from '../text';
import css from './Choices.module.css';

export interface Choice {
  value: string;
  label: string;
  /** Choices that follow each other under one heading. */
  group?: string;
}

interface Props {
  label: string;
  choices: readonly Choice[];
  chosen: readonly string[];
  onChange: (chosen: string[]) => void;
}

/** Any of several, as a filter: what is chosen stands on the button, the choices drop down from it. */
export function Choices({ label, choices, chosen, onChange }: Props) {
  const details = useRef<HTMLDetailsElement>(null);
  const [isOpen, open] = useState(false);
  const [side, setSide] = useState<'left' | 'right'>('left');
  useEffect(() => {
    if (!isOpen) return;
    const { right = 0 } = details.current?.querySelector('fieldset')?.getBoundingClientRect() ?? {};
    if (right > document.documentElement.clientWidth) setSide('right');
    const leave = (event: Event) => {
      if (event.target instanceof Node && !details.current?.contains(event.target)) open(false);
    };
    addEventListener('pointerdown', leave);
    addEventListener('focusin', leave);
    return () => {
      setSide('left');
      removeEventListener('pointerdown', leave);
      removeEventListener('focusin', leave);
    };
  }, [isOpen]);
  const labels = choices.filter(({ value }) => chosen.includes(value)).map((one) => one.label);
  return (
    <details
      ref={details}
      className={css.choices}
      data-set={labels.length > 0 || undefined}
      open={isOpen}
      onToggle={(event) => open(event.currentTarget.open)}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !isOpen) return;
        event.preventDefault();
        open(false);
        details.current?.querySelector('summary')?.focus();
      }}
    >
      <summary>
        <span className={css.name}>{label}:</span>{' '}
        <span className={css.value}>{labels.length === 0 ? common.any : labels.join(', ')}</span>
      </summary>
      <fieldset className={css.menu} data-side={side}>
        <legend className="visually-hidden">{label}</legend>
        {choices.map(({ value, label: word, group }, at) => (
          <div key={value}>
            {group !== undefined && group !== choices[at - 1]?.group ? <p className={css.group}>{group}</p> : null}
            <label className={css.choice}>
              <input
                type="checkbox"
                checked={chosen.includes(value)}
                onChange={(event) =>
                  onChange(
                    choices
                      .map((one) => one.value)
                      .filter((one) => (one === value ? event.target.checked : chosen.includes(one))),
                  )
                }
              />
              {word}
            </label>
          </div>
        ))}
      </fieldset>
    </details>
  );
}
