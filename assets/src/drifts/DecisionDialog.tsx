import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { Problem } from '../api/problem';
import { useAccount, useWriteBlock } from '../shell/who';
import { common, decisions, decisionText, endings } from '../text';
import { Button } from '../ui/Button';
import { Dialog, DialogActions } from '../ui/Dialog';
import { Field } from '../ui/Field';
import { Failure } from '../ui/States';
import css from './DecisionDialog.module.css';
import { type Action, type Decision, letters, mistakes, tidied } from './decision';

interface Props {
  action: Action;
  title: string;
  /** What it is about. */
  children?: ReactNode;
  /** Why it can't be decided any more; what was typed stays. */
  blocked?: string | undefined;
  /** Puts it on record. What it throws is shown, and the dialog stays. */
  onSubmit: (decision: Decision) => Promise<void>;
  onClose: () => void;
}

const ENDINGS = Object.entries(endings) as [NonNullable<Decision['resolvedHow']>, string][];

/** Asks what goes with a decision, says what it means, and waits until it is on record. */
export function DecisionDialog({ action, title, children, blocked, onSubmit, onClose }: Props) {
  const form = useRef<HTMLFormElement>(null);
  const [said, say] = useState<Decision>({});
  const [wasTried, setTried] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const isOpen = useRef(true);
  const block = useWriteBlock() ?? blocked;
  const wrong = wasTried ? mistakes(action, said) : {};
  useEffect(() => {
    isOpen.current = true;
    focusField(form.current);
    return () => {
      isOpen.current = false;
    };
  }, []);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (isBusy || block !== undefined) return;
    setTried(true);
    if (Object.keys(mistakes(action, said)).length > 0) {
      requestAnimationFrame(() => focusField(form.current, '[aria-invalid="true"]'));
      return;
    }
    setBusy(true);
    setFailure(null);
    try {
      await onSubmit(tidied(action, said));
      if (isOpen.current) onClose();
    } catch (error) {
      setFailure(error);
    } finally {
      setBusy(false);
    }
  };

  const error = (name: keyof Decision) => wrong[name] ?? (failure instanceof Problem ? failure.field(name) : undefined);
  const change = (changes: Decision) => say((before) => ({ ...before, ...changes }));
  const isNamed = (['reason', 'note', 'assignee', 'resolvedHow'] as const).some(
    (name) => failure instanceof Problem && failure.field(name) !== undefined,
  );
  return (
    <Dialog title={title} onClose={onClose}>
      {children}
      <p className={css.meaning}>
        {decisions[action].meaning} {decisions.noEffect}
      </p>
      <form
        ref={form}
        className={css.form}
        noValidate
        onSubmit={submit}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
          event.preventDefault();
          form.current?.requestSubmit();
        }}
      >
        {action === 'approve' || action === 'reject' ? (
          <Field
            label={decisionText.reason}
            hint={decisionText.reasonHint(letters(said.reason ?? ''))}
            error={error('reason')}
          >
            <textarea
              required
              rows={4}
              value={said.reason ?? ''}
              onChange={(event) => change({ reason: event.target.value })}
            />
          </Field>
        ) : null}
        {action === 'triage' ? (
          <Assignee value={said.assignee ?? ''} error={error('assignee')} onChange={change} />
        ) : null}
        {action === 'resolve' ? (
          <Endings chosen={said.resolvedHow} error={error('resolvedHow')} onChange={change} />
        ) : null}
        {action === 'triage' || action === 'resolve' ? (
          <Field label={decisionText.note} hint={decisionText.noteHint} error={error('note')}>
            <textarea rows={3} value={said.note ?? ''} onChange={(event) => change({ note: event.target.value })} />
          </Field>
        ) : null}
        {failure !== null && !isNamed ? (
          <Failure what={decisionText.failed(decisions[action].verb)} error={failure} />
        ) : null}
        <DialogActions>
          <span className={css.hint}>{decisionText.byKeyboard}</span>
          <Button onClick={onClose}>{common.cancel}</Button>
          <Button type="submit" look="primary" busy={isBusy} disabled={block !== undefined} title={block}>
            {decisions[action].verb}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

interface Part {
  error: string | undefined;
  onChange: (changes: Decision) => void;
}

function Assignee({ value, error, onChange }: Part & { value: string }) {
  const { email } = useAccount();
  return (
    <div className={css.assignee}>
      <Field label={decisionText.assignee} hint={decisionText.assigneeHint} error={error}>
        <input
          type="text"
          autoComplete="off"
          spellCheck="false"
          value={value}
          onChange={(event) => onChange({ assignee: event.target.value })}
        />
      </Field>
      <Button onClick={() => onChange({ assignee: email })}>{decisionText.assignToMe}</Button>
    </div>
  );
}

function Endings({ chosen, error, onChange }: Part & { chosen: Decision['resolvedHow'] }) {
  return (
    <fieldset className={css.endings} aria-describedby={error ? 'ending-error' : undefined}>
      <legend>{decisionText.resolvedHow}</legend>
      {ENDINGS.map(([how, words]) => (
        <label key={how}>
          <input
            type="radio"
            name="resolvedHow"
            required
            aria-invalid={error ? true : undefined}
            checked={chosen === how}
            onChange={() => onChange({ resolvedHow: how })}
          />
          {words}
        </label>
      ))}
      {error ? (
        <p id="ending-error" className={css.error}>
          {error}
        </p>
      ) : null}
    </fieldset>
  );
}

function focusField(form: HTMLFormElement | null, which = 'textarea, input') {
  form?.querySelector<HTMLElement>(which)?.focus();
}
