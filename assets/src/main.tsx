import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { queries } from './api/queries';
import { session, start } from './api/session';
import { listen } from './live/live';
import { refetchWhatChanged } from './live/refetch';
import './preferences/preferences';
import { fetchPage, Routes } from './routes';
import './styles.css';
import './motion.css';

refetchWhatChanged();
listen();
void start();
fetchPage(location.pathname);
// What one person has fetched is not the next one's to see.
let user: string | undefined;
session.subscribe(() => {
  const now = session.get();
  const id = 'user' in now ? now.user.id : undefined;
  if (user !== undefined && id !== user) queries.clear();
  user = id ?? user;
});

const app = document.getElementById('app');
if (app) {
  createRoot(app).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <Routes />
      </QueryClientProvider>
    </StrictMode>,
  );
}
