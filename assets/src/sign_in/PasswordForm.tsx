import { type FormEvent, useState } from 'react';
import { api, data } from '../api/client';
import { Problem } from '../api/problem';
import { update } from '../api/session';
import { passwordText } from '../text';
import { Button } from '../ui/Button';
import { Field } from '../ui/Field';
import { toast } from '../ui/Toasts';
import css from './SignIn.module.css';

/** Changes one's own password. */
export function PasswordForm({ email, disabledReason }: { email: string; disabledReason?: string | undefined }) {
  const [current, setCurrent] = useState('');
  const [chosen, setChosen] = useState('');
  const [again, setAgain] = useState('');
  const [failure, setFailure] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const differs = again !== '' && again !== chosen;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (again !== chosen) return;
    setBusy(true);
    setFailure(null);
    try {
      await data(api.PUT('/api/v1/users/me/password', { body: { currentPassword: current, newPassword: chosen } }));
      setCurrent('');
      setChosen('');
      setAgain('');
      toast(passwordText.changed);
      update({ mustChangePassword: false });
    } catch (error) {
      setFailure(error);
    } finally {
      setBusy(false);
    }
  };
  const problem = failure instanceof Problem ? failure : null;
  const ofField = problem?.field('currentPassword') ?? problem?.field('newPassword');
  return (
    <form className={css.form} onSubmit={submit}>
      <input type="email" name="email" autoComplete="username" value={email} readOnly hidden />
      <Field label={passwordText.current} error={problem?.field('currentPassword')}>
        <input
          type="password"
          autoComplete="current-password"
          required
          value={current}
          onChange={(event) => setCurrent(event.target.value)}
        />
      </Field>
      <Field label={passwordText.new} hint={passwordText.hint} error={problem?.field('newPassword')}>
        <input
          type="password"
          autoComplete="new-password"
          required
          value={chosen}
          onChange={(event) => setChosen(event.target.value)}
        />
      </Field>
      <Field label={passwordText.again} error={differs ? passwordText.differs : null}>
        <input
          type="password"
          autoComplete="new-password"
          required
          value={again}
          onChange={(event) => setAgain(event.target.value)}
        />
      </Field>
      <p role="alert" className={css.failure}>
        {failure !== null && ofField === undefined ? `${passwordText.failed}: ${(failure as Error).message}` : ''}
      </p>
      <div>
        <Button type="submit" look="primary" busy={busy} disabled={disabledReason !== undefined} title={disabledReason}>
          {passwordText.submit}
        </Button>
      </div>
    </form>
  );
}
