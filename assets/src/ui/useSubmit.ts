import { type FormEvent, type RefObject, useEffect, useRef, useState } from 'react';
import { Problem } from '../api/problem';

interface Submission {
  /** Put it on the form: after a refusal, the first field that is wrong gets the focus. */
  form: RefObject<HTMLFormElement | null>;
  busy: boolean;
  /** The server's word on one field. */
  field: (name: string) => string | undefined;
  /** What was refused or failed, where no field of the form says it. */
  failure: Error | null;
  onSubmit: (event: FormEvent) => void;
}

/** Sends a form: once at a time, with what went wrong told at the field where it did. */
export function useSubmit(fields: readonly string[], work: () => Promise<void>): Submission {
  const form = useRef<HTMLFormElement>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  useEffect(() => {
    if (error === null) return;
    const wrong = form.current?.querySelector('[aria-invalid="true"]');
    if (wrong instanceof HTMLElement) wrong.focus();
  }, [error]);
  const field = (name: string) => (error instanceof Problem ? error.field(name) : undefined);
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setError(null);
    work()
      .catch((caught: unknown) => setError(caught instanceof Error ? caught : new Error(String(caught))))
      .finally(() => setBusy(false));
  };
  const isTold = fields.some((name) => field(name) !== undefined);
  return { form, busy, field, failure: isTold ? null : error, onSubmit };
}
