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
  // Off with a reason, or only for as long as its work takes, it keeps the focus.
  const staysInReach = isOff && (busy || title !== undefined);
  return (
    <button
      type="button"
      {...rest}
      title={title}
      disabled={isOff && !staysInReach}
      aria-disabled={staysInReach || undefined}
      aria-busy={busy || undefined}
      onClick={isOff ? (event) => event.preventDefault() : onClick}
      className={[css.button, css[look], size === 'small' && css.small, className].filter(Boolean).join(' ')}
    />
  );
}
