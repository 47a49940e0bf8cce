import type { ButtonHTMLAttributes, Ref } from 'react';
import css from './Button.module.css';

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** `primary` is the one thing to do here; `danger` cannot be taken back; `quiet` has no border until it is pointed at. */
  look?: 'primary' | 'danger' | 'plain' | 'quiet';
  size?: 'normal' | 'small';
  /** Work is under way: it can't be pressed again, and says so. */
  busy?: boolean;
  ref?: Ref<HTMLButtonElement>;
}

/** A button. One that is off for a reason tells it in `title`, stays in the tab order and does nothing. */
export function Button({
  look = 'plain',
  size = 'normal',
  busy = false,
  className,
  disabled,
  title,
  onClick,
  ...rest
}: Props) {
  const isOff = disabled === true || busy;
  const tellsWhy = isOff && title !== undefined;
  // One that is off for good loses the focus; one that works or tells why keeps it.
  const keepsFocus = busy || tellsWhy;
  return (
    <button
      type="button"
      {...rest}
      title={title}
      disabled={isOff && !keepsFocus}
      aria-disabled={keepsFocus || undefined}
      aria-busy={busy || undefined}
      onClick={isOff ? (event) => event.preventDefault() : onClick}
      className={[css.button, css[look], size === 'small' && css.small, className].filter(Boolean).join(' ')}
    />
  );
}
