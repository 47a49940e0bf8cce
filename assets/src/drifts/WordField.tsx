import { useId, useState } from 'react';
import { driftListText as text } from '../text';
import { Field } from '../ui/Field';
import { useWorkspaceNames } from '../workspaces/useNames';

interface Props {
  label: string;
  /** What may be meant, from which the browser offers. */
  known: readonly string[];
  hideLabel?: boolean;
  onType?: (typed: string) => void;
  onFocus?: () => void;
  onPick: (word: string) => void;
}

/** A word to filter by, with suggestions: picked from them, or added by Enter and on leaving. */
export function WordField({ label, known, hideLabel = false, onType, onFocus, onPick }: Props) {
  const id = useId();
  const [typed, setTyped] = useState('');
  const type = (words: string) => {
    setTyped(words);
    onType?.(words.trim());
  };
  const pick = (words: string) => {
    if (words.trim() === '') return;
    type('');
    onPick(words.trim());
  };
  return (
    <>
      <Field label={label} hideLabel={hideLabel}>
        <input
          type="text"
          list={`${id}-known`}
          placeholder={hideLabel ? label : undefined}
          maxLength={512}
          autoComplete="off"
          spellCheck="false"
          value={typed}
          onFocus={onFocus}
          onChange={({ target, nativeEvent }) => {
            // A suggestion that was picked comes at once, letters come one by one.
            const isPicked = !(nativeEvent instanceof InputEvent) || nativeEvent.inputType === 'insertReplacementText';
            if (isPicked && known.includes(target.value)) pick(target.value);
            else type(target.value);
          }}
          onKeyDown={(event) => {
            if (event.key !== 'Enter') return;
            event.preventDefault();
            const only = known.length === 1 && typed.trim() !== '' ? known[0] : undefined;
            pick(only?.includes(typed.trim()) ? only : typed);
          }}
          onBlur={() => {
            if (known.includes(typed.trim())) pick(typed);
          }}
        />
      </Field>
      <datalist id={`${id}-known`}>
        {known.map((word) => (
          <option key={word} value={word} />
        ))}
      </datalist>
    </>
  );
}

/** A workspace to filter by: its name is looked up while one types. */
export function WorkspaceField({ onPick }: { onPick: (name: string) => void }) {
  const [typed, type] = useState('');
  const [isUsed, use] = useState(false);
  const known = useWorkspaceNames(typed, isUsed);
  return (
    <WordField
      label={text.filters.workspace}
      hideLabel
      known={known}
      onType={type}
      onFocus={() => use(true)}
      onPick={onPick}
    />
  );
}
