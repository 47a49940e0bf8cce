import type { ReactNode } from 'react';
import { common } from '../text';
import { Button } from './Button';
import { Dialog, DialogActions } from './Dialog';
import css from './Form.module.css';
import { Failure } from './States';
import { useSubmit } from './useSubmit';

interface Props {
  title: string;
  /** What will be so afterwards. */
  children: ReactNode;
  /** The deciding button's word. */
  verb: string;
  look?: 'danger' | 'primary';
  /** What did not work, where it doesn't. */
  failed: string;
  /** Why it can't be done just now. */
  block?: string | undefined;
  work: () => Promise<void>;
  onClose: () => void;
}

/** Asks before something is done that can't be undone, does it, and stays where that fails. */
export function ConfirmDialog({ title, children, verb, look = 'danger', failed, block, work, onClose }: Props) {
  const { form, busy, failure, onSubmit } = useSubmit([], work);
  return (
    <Dialog title={title} onClose={onClose}>
      <form ref={form} className={css.form} onSubmit={onSubmit}>
        {children}
        {failure ? <Failure what={failed} error={failure} /> : null}
        <DialogActions>
          <Button onClick={onClose}>{common.cancel}</Button>
          <Button type="submit" look={look} busy={busy} disabled={block !== undefined} title={block}>
            {verb}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
