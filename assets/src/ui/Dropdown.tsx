import { type ReactNode, useEffect, useLayoutEffect, useRef, useState } from 'react';
import button from './Button.module.css';
import css from './Dropdown.module.css';

interface Props {
  label: ReactNode;
  /** Whether something has been chosen in it. */
  isSet?: boolean;
  /** The side of the button that the panel is in line with. */
  align?: 'start' | 'end';
  /** What opens below the button, over the page. */
  children: ReactNode;
}

/** A button with a panel below it: a native `details` that Esc, a press elsewhere and leaving it by Tab close. */
export function Dropdown({ label, isSet = false, align = 'start', children }: Props) {
  const details = useRef<HTMLDetailsElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  // What nobody has opened yet is not drawn.
  const [wasOpened, setOpened] = useState(false);
  const close = () => details.current?.removeAttribute('open');
  useEffect(() => {
    const pressed = ({ target }: Event) => {
      if (target instanceof Node && !details.current?.contains(target)) details.current?.removeAttribute('open');
    };
    addEventListener('pointerdown', pressed);
    return () => removeEventListener('pointerdown', pressed);
  }, []);
  useLayoutEffect(() => {
    if (wasOpened && panel.current) keepInSight(panel.current);
  }, [wasOpened]);
  return (
    <details
      ref={details}
      className={css.dropdown}
      data-set={isSet || undefined}
      onToggle={({ currentTarget }) => {
        if (!currentTarget.open) return;
        setOpened(true);
        if (panel.current) keepInSight(panel.current);
      }}
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
      <div className={css.panel} data-align={align} ref={panel}>
        {wasOpened ? children : null}
      </div>
    </details>
  );
}

/** How near a panel comes to the window's edges. */
const MARGIN_PX = 8;

/** Moves a panel that would stand beyond an edge of the window. */
function keepInSight(panel: HTMLElement) {
  panel.style.translate = '';
  const { left, right } = panel.getBoundingClientRect();
  const beyond = Math.max(0, right - (document.documentElement.clientWidth - MARGIN_PX));
  const shift = left < MARGIN_PX ? MARGIN_PX - left : -Math.min(beyond, left - MARGIN_PX);
  if (shift !== 0) panel.style.translate = `${shift}px`;
}
