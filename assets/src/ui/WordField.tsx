import { type ReactNode, useId, useState } from 'react';
import { Button } from './Button';
import { Field } from './Field';

interface Props {
  label: string;
  hideLabel?: boolean | undefined;
  hint?: ReactNode;
  error?: string | null | undefined;
  /** What may be meant, from which the browser offers. */
  known: readonly string[];
  /** The name of a button that adds the word as it is: then one may also mean what isn't known. */
  addLabel?: string | undefined;
  onType?: (typed: string) => void;
  onFocus?: () => void;
  onPick: (word: string) => void;
}

/** Takes one word after the other, with suggestions: picked from them, or added by Enter and on leaving. */
export function WordField({ label, hideLabel = false, hint, error, known, addLabel, onType, onFocus, onPick }: Props) {
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
  const add = addLabel === undefined ? null : <Button onClick={() => pick(typed)}>{addLabel}</Button>;
  return (
    <>
      <Field label={label} hideLabel={hideLabel} hint={hint} error={error} beside={add}>
        <input
          type="text"
          list={`${id}-known`}
          placeholder={hideLabel ? label : undefined}
          maxLength={512}
          autoComplete="off"
          autoCapitalize="none"
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
            // It takes the word, and does not send the form yet.
            event.preventDefault();
            const only = addLabel === undefined && known.length === 1 && typed.trim() !== '' ? known[0] : undefined;
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
