import { type ReactNode, useEffect, useId, useRef } from 'react';
import { common } from '../text';
import { Button } from './Button';
import css from './Dialog.module.css';
import { focusHeading } from './focus';

interface Props {
  title: string;
  children: ReactNode;
  /** Esc, the backdrop and the cross. Without it the dialog can't be put away. */
  onClose?: (() => void) | undefined;
  wide?: boolean;
}

/** A native modal dialog: it holds the focus, and gives it back to what had it. */
export function Dialog({ title, children, onClose, wide = false }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  /** A press that began inside and ended outside, as when marking text, doesn't close it. */
  const pressedOutside = useRef(false);
  const titleId = useId();
  useEffect(() => {
    const before = document.activeElement;
    const shown = dialog.current;
    shown?.showModal();
    // What is to be filled in comes before the cross.
    const field = shown?.querySelector('form :is(input:not([hidden]), select, textarea)');
    if (field instanceof HTMLElement) field.focus();
    return () => {
      shown?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
      else focusHeading();
    };
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the backdrop is a convenience for the mouse; Esc closes for the keyboard.
    <dialog
      ref={dialog}
      aria-labelledby={titleId}
      className={wide ? css.wide : css.dialog}
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
      onPointerDown={(event) => {
        pressedOutside.current = event.target === dialog.current;
      }}
      onClick={(event) => {
        if (event.target === dialog.current && pressedOutside.current) onClose?.();
      }}
    >
      <div className={css.body}>
        <header className={css.header}>
          <h2 id={titleId}>{title}</h2>
          {onClose ? (
            <Button look="quiet" size="small" aria-label={common.close} onClick={onClose}>
              ✕
            </Button>
          ) : null}
        </header>
        {children}
      </div>
    </dialog>
  );
}

/** A dialog's buttons: the deciding one last, where the eye ends. */
export function DialogActions({ children }: { children: ReactNode }) {
  return <div className={css.actions}>{children}</div>;
}
