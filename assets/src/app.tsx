import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { queries } from './api/queries';
import { session } from './api/session';
import { listen } from './live/live';
import { refetchWhatChanged } from './live/refetch';
import type { Loaded } from './pages';
import { Routes } from './routes';

/** How long the first page may take until what there is of it is shown. */
const PATIENCE_MS = 1_000;

/** Draws the first page, once with all that it shows where that is there soon; then everything lives. */
export async function open(started: Promise<void>, page: Promise<Loaded | undefined> | undefined): Promise<void> {
  forgetWithThePerson();
  const prepared = Promise.all([started, page]).then(([, found]) => {
    const now = session.get();
    // Who has to change a given password first may ask for nothing else.
    return now.state === 'in' && !now.user.mustChangePassword ? found?.prepare?.() : undefined;
  });
  await Promise.race([prepared, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
  const app = document.getElementById('app');
  if (app === null) return;
  createRoot(app).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <Routes />
      </QueryClientProvider>
    </StrictMode>,
  );
  const live = () => {
    refetchWhatChanged();
    listen();
  };
  // What is drawn first needs the connections more. A tab in the background draws nothing yet.
  if (document.visibilityState === 'visible') requestAnimationFrame(live);
  else live();
}

/** What one person has fetched is not the next one's to see. */
function forgetWithThePerson() {
  const id = () => {
    const now = session.get();
    return 'user' in now ? now.user.id : undefined;
  };
  let user = id();
  session.subscribe(() => {
    const now = id();
    if (user !== undefined && now !== user) queries.clear();
    user = now ?? user;
  });
}
