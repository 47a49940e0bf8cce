import { useEffect } from 'react';
import { session } from '../api/session';
import { common, pages, signInText } from '../text';
import { go } from '../url/go';
import { safeNext } from '../url/search';
import { useUrlSearch } from '../url/useSearch';
import { useCell } from '../useCell';
import css from './SignIn.module.css';
import { SignInForm } from './SignInForm';

export function SignInPage() {
  const now = useCell(session);
  const [search] = useUrlSearch();
  const next = safeNext(search.next);
  const isIn = now.state === 'in';
  useEffect(() => {
    document.title = `${pages.signIn} · ${common.product}`;
  }, []);
  useEffect(() => {
    if (isIn) go(next, 'replace');
  }, [isIn, next]);
  if (isIn || now.state === 'unknown') return null;
  return (
    <main className={css.place}>
      <div className={css.card}>
        <p className={css.brand}>
          <img src="/favicon.svg" alt="" width="28" height="28" />
          {common.product}
        </p>
        <h1>{signInText.title}</h1>
        <p className={css.intro}>{signInText.intro}</p>
        <SignInForm />
      </div>
    </main>
  );
}
