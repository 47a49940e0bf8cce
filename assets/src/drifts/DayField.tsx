import { useEffect, useRef } from 'react';
import { Field } from '../ui/Field';

/** Years before this are ones that are being typed. */
const FIRST_YEAR = 2000;

/** A day to filter by. It is told once its year is whole. */
export function DayField({ label, day, onDay }: { label: string; day: string; onDay: (day: string) => void }) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    // While one types in it, it is left alone.
    if (input.current && (day !== '' || document.activeElement !== input.current)) input.current.value = day;
  }, [day]);
  return (
    <Field label={label}>
      <input
        ref={input}
        type="date"
        defaultValue={day}
        onChange={({ target }) => {
          const isWhole = target.value !== '' && Number(target.value.slice(0, 4)) >= FIRST_YEAR;
          const isCleared = target.value === '' && !target.validity.badInput;
          if (isWhole || isCleared) onDay(target.value);
        }}
      />
    </Field>
  );
}
