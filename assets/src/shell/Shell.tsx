import { type ReactNode, Suspense, useEffect, useState } from 'react';
import { usePathname } from 'wouter/use-browser-location';
import { session } from '../api/session';
import { useKeyboard } from '../keyboard/shortcuts';
import { useOwnTheme } from '../settings/ownTheme';
import { ForcedPasswordPage } from '../sign_in/ForcedPasswordPage';
import { LapsedDialog } from '../sign_in/LapsedDialog';
import { shell } from '../text';
import { Skeleton } from '../ui/States';
import { Toasts } from '../ui/Toasts';
import { go } from '../url/go';
import { stringifySearch } from '../url/search';
import { useCell } from '../useCell';
import { AlertToasts } from './AlertToasts';
import { ConnectionBanner } from './ConnectionBanner';
import { CrashBoundary } from './Failures';
import { Help } from './Help';
import { Navigation } from './Navigation';
import css from './Shell.module.css';

/** What stands around every page: the way to the others, the connection's banner, and what is said in passing. */
export function Shell({ children }: { children: ReactNode }) {
  const now = useCell(session);
  const isOut = now.state === 'out';
  useEffect(() => {
    if (!isOut) return;
    const here = `${location.pathname}${location.search}${location.hash}`;
    go(`/login${stringifySearch(here === '/' ? {} : { next: here })}`, 'replace');
  }, [isOut]);
  if (now.state === 'unknown') return <Skeleton rows={3} />;
  if (now.state === 'out') return null;
  if (now.user.mustChangePassword) return <ForcedPasswordPage />;
  return (
    <>
      <SignedInShell>{children}</SignedInShell>
      {now.state === 'lapsed' ? <LapsedDialog email={now.user.email} /> : null}
    </>
  );
}

function SignedInShell({ children }: { children: ReactNode }) {
  useKeyboard();
  useOwnTheme();
  const pathname = usePathname();
  const [isMenuOpen, openMenu] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the menu closes when the page changes.
  useEffect(() => openMenu(false), [pathname]);
  return (
    <div className={css.shell}>
      <a className={css.skip} href="#content">
        {shell.skip}
      </a>
      <Navigation isOpen={isMenuOpen} onToggle={() => openMenu((was) => !was)} />
      <div className={css.content}>
        <ConnectionBanner />
        <main id="content" tabIndex={-1}>
          <CrashBoundary key={pathname}>
            <Suspense fallback={<Skeleton rows={6} />}>{children}</Suspense>
          </CrashBoundary>
        </main>
      </div>
      <Help />
      <AlertToasts />
      <Toasts />
    </div>
  );
}
