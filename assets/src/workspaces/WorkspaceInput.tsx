import { type KeyboardEvent, useId, useState } from 'react';
import { Button } from '../ui/Button';
import { useWorkspaceNames } from './useNames';
import css from './WorkspaceInput.module.css';

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
  const names = useWorkspaceNames(typed);
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
        {names.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <Button onClick={add}>{addLabel}</Button>
    </span>
  );
}
