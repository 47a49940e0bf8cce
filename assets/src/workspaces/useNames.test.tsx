import { QueryClientProvider } from '@tanstack/react-query';
import { cleanup, fireEvent, render, waitFor } from '@testing-library/react';
import { afterEach, expect, it, vi } from 'vitest';
import { queries } from '../api/queries';
import { session } from '../api/session';
import { WorkspaceField } from './WorkspaceField';

afterEach(() => {
  cleanup();
  queries.clear();
  session.set({ state: 'out' });
});

it('suggests the same names in every field, whichever asked first', async () => {
  const user = { id: 'u', email: 'ana@example.com', role: 'viewer', firstName: null, lastName: null } as const;
  session.set({
    state: 'in',
    user: { ...user, mustChangePassword: false },
    token: 't',
    staleAt: Number.POSITIVE_INFINITY,
  });
  const pagination = { total: 1, page: 1, pageSize: 20, totalPages: 1, hasMore: false, nextCursor: null };
  const page = { items: [{ id: 'w', name: 'shop/prod' }], pagination };
  vi.stubGlobal('fetch', async () => Response.json({ success: true, data: page }));
  const { container, getByLabelText } = render(
    <QueryClientProvider client={queries}>
      <WorkspaceField label="One" addLabel="Add" onPick={() => {}} />
      <WorkspaceField label="Other" hideLabel onPick={() => {}} />
    </QueryClientProvider>,
  );
  const suggested = () => [...container.querySelectorAll('option')].map((option) => option.value);
  fireEvent.focus(getByLabelText('One'));
  await waitFor(() => expect(suggested()).toContain('shop/prod'));
  fireEvent.focus(getByLabelText('Other'));
  await waitFor(() => expect(suggested()).toEqual(['shop/prod', 'shop/prod']));
});
