import { type ReactNode, useEffect, useRef } from 'react';
import button from './Button.module.css';
import css from './Dropdown.module.css';

interface Props {
  label: ReactNode;
  /** The side of the button that the panel is in line with. */
  align?: 'start' | 'end';
  /** What opens below the button, over the page. */
  children: ReactNode;
}

/** A button with a panel below it: a native `details` that Esc, a press elsewhere and leaving it by Tab close. */
export function Dropdown({ label, align = 'start', children }: Props) {
  const details = useRef<HTMLDetailsElement>(null);
  const close = () => details.current?.removeAttribute('open');
  useEffect(() => {
    const pressed = ({ target }: Event) => {
      if (target instanceof Node && !details.current?.contains(target)) details.current?.removeAttribute('open');
    };
    addEventListener('pointerdown', pressed);
    return () => removeEventListener('pointerdown', pressed);
  }, []);
  return (
    <details
      ref={details}
      className={css.dropdown}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !details.current?.open) return;
        event.stopPropagation();
        close();
        details.current.querySelector('summary')?.focus();
      }}
      onBlur={({ relatedTarget }) => {
        if (relatedTarget !== null && !details.current?.contains(relatedTarget)) close();
      }}
    >
      <summary className={`${button.button} ${css.summary}`}>
        <span className={css.label}>{label}</span>
        <svg viewBox="0 0 10 6" width="10" height="6" aria-hidden="true">
          <path d="M1 .8l4 4 4-4" fill="none" stroke="currentColor" strokeWidth="1.6" />
        </svg>
      </summary>
      <div className={css.panel} data-align={align}>
        {children}
      </div>
    </details>
  );
}
