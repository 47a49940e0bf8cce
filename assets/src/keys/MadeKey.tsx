import type { Schemas } from '../api/client';
import { keysText } from '../text';
import { CodeBlock } from '../ui/CodeBlock';
import { SecretDialog } from '../ui/SecretDialog';
import { example, exportLine } from './example';
import css from './Keys.module.css';

/** The new key, this once, and what to do with it. */
export function MadeKey({ made, onClose }: { made: Schemas['NewApiKey']; onClose: () => void }) {
  return (
    <SecretDialog
      title={keysText.secretTitle}
      intro={keysText.secretFor(made.name)}
      secret={made.key}
      what={keysText.secret}
      onClose={onClose}
    >
      <div className={css.step}>
        <p>{keysText.exportLine}</p>
        <CodeBlock code={exportLine(made.key)} what={keysText.exportOf} />
      </div>
      <div className={css.step}>
        <p>{made.scope === 'read' ? keysText.exampleRead : keysText.example}</p>
        <CodeBlock code={example(made, location.origin)} what={keysText.exampleOf} />
      </div>
    </SecretDialog>
  );
}
