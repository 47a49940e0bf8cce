import { signOut } from '../api/session';
import { useAccount } from '../shell/who';
import { common, passwordText, shell } from '../text';
import { Button } from '../ui/Button';
import { Toasts } from '../ui/Toasts';
import { PasswordForm } from './PasswordForm';
import css from './SignIn.module.css';

/** Somebody else knows this password: nothing goes on until it is changed. */
export function ForcedPasswordPage() {
  const { email } = useAccount();
  return (
    <main className={css.place}>
      <title>{`${passwordText.forcedTitle} · ${common.product}`}</title>
      <div className={css.card}>
        <h1>{passwordText.forcedTitle}</h1>
        <p className={css.intro}>{passwordText.forced}</p>
        <PasswordForm email={email} />
        <Button look="quiet" onClick={() => void signOut().catch(() => location.reload())}>
          {shell.signOut}
        </Button>
      </div>
      <Toasts />
    </main>
  );
}
