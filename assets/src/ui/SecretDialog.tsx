import type { ReactNode } from 'react';
import { formText } from '../text';
import { Button } from './Button';
import { CodeBlock } from './CodeBlock';
import { Dialog, DialogActions } from './Dialog';

interface Props {
  title: string;
  /** Whom it is for, and what to do with it. */
  intro: ReactNode;
  secret: string;
  /** As the button that copies it calls it. */
  what: string;
  onClose: () => void;
  children?: ReactNode;
}

/** Shows something that is never shown again: only its button puts it away, and neither Esc nor a stray click. */
export function SecretDialog({ title, intro, secret, what, onClose, children }: Props) {
  return (
    <Dialog title={title} wide={children !== undefined}>
      <p>{intro}</p>
      <CodeBlock code={secret} what={what} />
      <p>
        <strong>{formText.once}</strong>
      </p>
      {children}
      <DialogActions>
        <Button look="primary" onClick={onClose}>
          {formText.keptIt}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
