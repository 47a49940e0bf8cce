import css from './CodeBlock.module.css';
import { CopyButton } from './CopyButton';

/** Lines to copy. They wrap rather than scroll, so that nothing is hidden. */
export function CodeBlock({ code, what }: { code: string; what: string }) {
  return (
    <div className={css.block}>
      <pre>
        <code>{code}</code>
      </pre>
      <CopyButton text={code} what={what} />
    </div>
  );
}
