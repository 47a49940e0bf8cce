import { cloneElement, type ReactElement, type ReactNode, useId } from 'react';
import css from './Field.module.css';

interface Control {
  id?: string;
  'aria-describedby'?: string | undefined;
  'aria-invalid'?: boolean | undefined;
  className?: string | undefined;
}

interface Props {
  label: string;
  /** What is allowed, said before a mistake is made. */
  hint?: ReactNode;
  error?: string | null | undefined;
  /** The label is read out, and not seen. */
  hideLabel?: boolean;
  /** A button that belongs to the control, beside it. */
  beside?: ReactNode;
  /** One `input`, `select` or `textarea`. */
  children: ReactElement<Control>;
}

/** A labelled control, with its hint and its error tied to it. */
export function Field({ label, hint, error, hideLabel = false, beside, children }: Props) {
  const id = useId();
  const hintId = `${id}-hint`;
  const errorId = `${id}-error`;
  const described = [hint ? hintId : '', error ? errorId : ''].filter(Boolean).join(' ');
  const isBox = (children.props as { type?: string }).type === 'checkbox';
  const control = cloneElement(children, {
    id,
    'aria-describedby': described === '' ? undefined : described,
    'aria-invalid': error ? true : undefined,
    className: [isBox ? css.check : css.control, children.props.className].filter(Boolean).join(' '),
  });
  return (
    <div className={isBox ? css.box : css.field}>
      <label htmlFor={id} className={hideLabel ? 'visually-hidden' : css.label}>
        {label}
      </label>
      {beside ? (
        <div className={css.beside}>
          {control}
          {beside}
        </div>
      ) : (
        control
      )}
      {hint ? (
        <p id={hintId} className={css.hint}>
          {hint}
        </p>
      ) : null}
      {error ? (
        <p id={errorId} className={css.error}>
          {error}
        </p>
      ) : null}
    </div>
  );
}
