import { useState } from 'react';
import { common } from '../text';
import { Button } from './Button';

/** Copies a text. The clipboard's own interface exists on https and localhost only: elsewhere a selection does it. */
export function CopyButton({
  text,
  what,
  children,
}: {
  /** The text, or what makes it once it is asked for. */
  text: string | (() => string);
  what: string;
  children?: string;
}) {
  const [done, setDone] = useState<'copied' | 'failed' | null>(null);
  const copy = async () => {
    setDone((await copied(typeof text === 'string' ? text : text())) ? 'copied' : 'failed');
    setTimeout(() => setDone(null), 2_000);
  };
  return (
    <Button size="small" look={children ? 'plain' : 'quiet'} onClick={copy} aria-label={common.copyOf(what)}>
      <span aria-live="polite">
        {done === 'copied' ? common.copied : done === 'failed' ? common.copyByHand : (children ?? common.copy)}
      </span>
    </Button>
  );
}

async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement('textarea');
    field.value = text;
    (document.querySelector('dialog[open]') ?? document.body).append(field);
    field.select();
    const isDone = document.execCommand('copy');
    field.remove();
    return isDone;
  }
}
