import { useQuery } from '@tanstack/react-query';
import { type KeyboardEvent, useEffect, useId, useState } from 'react';
import { api, data } from '../api/client';
import { Button } from '../ui/Button';
import css from './WorkspaceInput.module.css';

/** How long a pause in typing makes a word. */
const PAUSE_MS = 200;
const MOST = 20;

interface Props {
  /** What `Field` gives: the label's id and what describes it. */
  id?: string;
  className?: string;
  'aria-describedby'?: string;
  'aria-invalid'?: boolean;
  placeholder?: string;
  addLabel: string;
  onAdd: (name: string) => void;
}

/** Takes a workspace's name, with those that exist as suggestions: for picking several, one after the other. */
export function WorkspaceInput({ addLabel, onAdd, ...control }: Props) {
  const list = useId();
  const [typed, type] = useState('');
  const [asked, ask] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => ask(typed.trim()), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  const found = useQuery({
    queryKey: ['workspaces', 'names', asked],
    queryFn: ({ signal }) =>
      data(
        api.GET('/api/v1/workspaces', {
          params: { query: { limit: MOST, ...(asked === '' ? {} : { name: asked }) } },
          signal,
        }),
      ),
    placeholderData: (before) => before,
  });
  const add = () => {
    const name = typed.trim();
    if (name === '') return;
    onAdd(name);
    type('');
  };
  const pressed = (event: KeyboardEvent) => {
    if (event.key !== 'Enter') return;
    // It adds the name, and does not send the form yet.
    event.preventDefault();
    add();
  };
  return (
    <span className={css.input}>
      <input
        {...control}
        type="text"
        list={list}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        value={typed}
        onChange={(event) => {
          type(event.target.value);
          // One that was picked from the list comes whole, and not letter by letter.
          const isPicked =
            !('inputType' in event.nativeEvent) || event.nativeEvent.inputType === 'insertReplacementText';
          if (isPicked && event.target.value !== '') {
            onAdd(event.target.value);
            type('');
          }
        }}
        onKeyDown={pressed}
      />
      <datalist id={list}>
        {(found.data?.items ?? []).map(({ id, name }) => (
          <option key={id} value={name} />
        ))}
      </datalist>
      <Button onClick={add}>{addLabel}</Button>
    </span>
  );
}
