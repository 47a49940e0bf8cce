import { type FormEvent, type RefObject, useState } from 'react';
import { api, data } from '../api/client';
import { queries } from '../api/queries';
import { useShortcuts } from '../keyboard/shortcuts';
import { useWriteBlock } from '../shell/who';
import { driftText } from '../text';
import { Button } from '../ui/Button';
import { Field } from '../ui/Field';
import { Failure } from '../ui/States';
import { toast } from '../ui/Toasts';
import css from './DriftTimeline.module.css';
import { letters } from './decision';

const text = driftText.timeline;

/** Adds a comment. What was typed stays until it has been sent. */
export function CommentForm({ id, field }: { id: string; field: RefObject<HTMLTextAreaElement | null> }) {
  const [body, setBody] = useState('');
  const [error, setError] = useState<string | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const block = useWriteBlock();
  useShortcuts(driftText.keys, [{ keys: 'c', label: text.comment, run: () => field.current?.focus() }]);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (isBusy || block !== undefined) return;
    const length = letters(body);
    const wrong = length === 0 ? text.empties : length > 4_000 ? text.tooLong(length) : null;
    setError(wrong);
    if (wrong !== null) {
      field.current?.focus();
      return;
    }
    setBusy(true);
    setFailure(null);
    try {
      await data(api.POST('/api/v1/drifts/{id}/comments', { params: { path: { id } }, body: { body: body.trim() } }));
      setBody('');
      toast(text.sent);
      await queries.invalidateQueries({ queryKey: ['drifts', 'timeline', id] });
    } catch (refused) {
      setFailure(refused);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      className={css.form}
      noValidate
      onSubmit={submit}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
        event.preventDefault();
        event.currentTarget.requestSubmit();
      }}
    >
      <Field label={text.comment} hint={text.hint} error={error}>
        <textarea
          ref={field}
          rows={3}
          value={body}
          onChange={(event) => {
            setBody(event.target.value);
            setError(null);
          }}
        />
      </Field>
      {failure === null ? null : <Failure what={text.sendFailed} error={failure} />}
      <div>
        <Button type="submit" busy={isBusy} disabled={block !== undefined} title={block}>
          {text.send}
        </Button>
      </div>
    </form>
  );
}
