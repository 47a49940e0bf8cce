import { useEffect, useId, useRef, useState } from 'react';
import type { Row } from '../diff/compare';
import { type Json, print } from '../diff/json';
import { diffText } from '../text';
import { Button } from '../ui/Button';
import { CopyButton } from '../ui/CopyButton';
import { fragment } from '../url/fragment';
import css from './RowMenu.module.css';

interface Props {
  row: Row;
  path: string;
  pointer: string;
}

/** What can be copied of a row, below its path. A secret has no value to copy. */
export function RowMenu({ row, path, pointer }: Props) {
  const [isOpen, open] = useState(false);
  const id = useId();
  const box = useRef<HTMLDivElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (isOpen) panel.current?.querySelector('button')?.focus();
  }, [isOpen]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it closes what its own button opened.
    <div
      ref={box}
      className={css.box}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !isOpen) return;
        event.stopPropagation();
        open(false);
        box.current?.querySelector('button')?.focus();
      }}
    >
      <Button
        size="small"
        look="quiet"
        className={css.button}
        aria-label={diffText.menu(path)}
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        onClick={() => open(!isOpen)}
      >
        <svg viewBox="0 0 16 4" width="16" height="4" aria-hidden="true">
          <path
            d="M2 0a2 2 0 110 4 2 2 0 010-4zm6 0a2 2 0 110 4 2 2 0 010-4zm6 0a2 2 0 110 4 2 2 0 010-4z"
            fill="currentColor"
          />
        </svg>
      </Button>
      {isOpen ? (
        <div ref={panel} id={id} className={css.panel}>
          <span className={css.label}>{diffText.copy}</span>
          <Item name={diffText.copyPath} text={() => path} />
          <Value name={diffText.copyExpected} value={row.expected} />
          <Value name={diffText.copyActual} value={row.actual} />
          {row.patch ? <Item name={diffText.copyOperation} text={() => print([{ ...row.patch }])} /> : null}
          <Item
            name={diffText.copyLink}
            text={() => `${location.origin}${location.pathname}${location.search}${fragment(pointer)}`}
          />
        </div>
      ) : null}
    </div>
  );
}

function Item({ name, text }: { name: string; text: () => string }) {
  return (
    <CopyButton text={text} what={name}>
      {name}
    </CopyButton>
  );
}

function Value({ name, value }: { name: string; value: Json | undefined }) {
  if (value === undefined) return null;
  return <Item name={name} text={() => (typeof value === 'string' ? value : print(value))} />;
}
