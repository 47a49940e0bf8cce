import { type Ref, useEffect, useRef, useState } from 'react';
import { driftListText as text } from '../text';
import { Field } from '../ui/Field';

/** How long one may rest between two letters before the list is asked. */
const DEBOUNCE_MS = 200;
const LONGEST = 512;

interface Props {
  /** What the URL says. */
  value: string;
  /** Called as one rests: each time more letters may follow. */
  onSearch: (value: string) => void;
  ref: Ref<HTMLInputElement>;
}

/** Searches while one types. */
export function SearchBox({ value, onSearch, ref }: Props) {
  const [typed, type] = useState(value);
  const said = useRef(value);
  useEffect(() => {
    if (value === said.current) return;
    said.current = value;
    type(value);
  }, [value]);
  const tell = (words: string) => {
    if (words === said.current) return;
    said.current = words;
    onSearch(words);
  };
  const latest = useRef(tell);
  latest.current = tell;
  useEffect(() => {
    const timer = setTimeout(() => latest.current(typed.trim()), DEBOUNCE_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  return (
    <Field label={text.filters.search} hideLabel>
      <input
        ref={ref}
        type="search"
        placeholder={text.filters.searchHint}
        maxLength={LONGEST}
        autoComplete="off"
        spellCheck="false"
        value={typed}
        onChange={(event) => type(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') tell(typed.trim());
        }}
      />
    </Field>
  );
}
