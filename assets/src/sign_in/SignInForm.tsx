import { type FormEvent, useId, useState } from 'react';
import { Problem } from '../api/problem';
import { signIn } from '../api/session';
import { signInText } from '../text';
import { Button } from '../ui/Button';
import { Field } from '../ui/Field';
import css from './SignIn.module.css';

/** Email and password. One line says that it failed, and not which of the two was wrong. */
export function SignInForm({ email: known, onDone }: { email?: string; onDone?: () => void }) {
  const [email, setEmail] = useState(known ?? '');
  const [password, setPassword] = useState('');
  const [failure, setFailure] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const failureId = useId();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setFailure(null);
    try {
      await signIn(email, password);
      onDone?.();
    } catch (error) {
      const isRefused = error instanceof Problem && error.status === 401;
      setFailure(isRefused ? signInText.refused : `${signInText.failed}: ${(error as Error).message}`);
      setPassword('');
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className={css.form} onSubmit={submit} aria-describedby={failure ? failureId : undefined}>
      <Field label={signInText.email}>
        <input
          type="email"
          name="email"
          autoComplete="username"
          required
          readOnly={known !== undefined}
          value={email}
          onChange={(event) => setEmail(event.target.value)}
        />
      </Field>
      <Field label={signInText.password}>
        <input
          type="password"
          name="password"
          autoComplete="current-password"
          required
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
      </Field>
      <p id={failureId} role="alert" className={css.failure}>
        {failure}
      </p>
      <Button type="submit" look="primary" busy={busy}>
        {signInText.submit}
      </Button>
    </form>
  );
}
