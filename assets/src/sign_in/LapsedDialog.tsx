import { queries } from '../api/queries';
import { session } from '../api/session';
import { signInText } from '../text';
import { Button } from '../ui/Button';
import { Dialog } from '../ui/Dialog';
import { go } from '../url/go';
import { SignInForm } from './SignInForm';

/** The session ended while somebody was at work: the page stays as it is, and goes on with the same person. */
export function LapsedDialog({ email }: { email: string }) {
  return (
    <Dialog title={signInText.lapsedTitle}>
      <p>{signInText.lapsed}</p>
      <SignInForm email={email} onDone={() => void queries.invalidateQueries()} />
      <Button
        look="quiet"
        onClick={() => {
          session.set({ state: 'out' });
          go('/login');
        }}
      >
        {signInText.other}
      </Button>
    </Dialog>
  );
}
