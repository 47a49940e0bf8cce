import { cleanup, fireEvent, render } from '@testing-library/react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { shortcuts } from '../preferences/preferences';
import { useKeyboard, useShortcuts } from './shortcuts';

const approve = vi.fn();
const dashboard = vi.fn();
const close = vi.fn();

function Page() {
  useKeyboard();
  useShortcuts('Here', [
    { keys: 'e', label: 'Approve', run: approve },
    { keys: 'g d', label: 'Dashboard', run: dashboard },
    { keys: 'd', label: 'Resolve', run: close },
    { keys: 'Shift+x', label: 'Range', run: close },
  ]);
  return (
    <>
      <input aria-label="Search" />
      <input type="checkbox" aria-label="Select" />
    </>
  );
}

beforeEach(() => {
  vi.clearAllMocks();
  shortcuts.set('on');
});
afterEach(cleanup);

it('runs what a key stands for', () => {
  render(<Page />);
  fireEvent.keyDown(document.body, { key: 'e' });
  expect(approve).toHaveBeenCalledOnce();
  fireEvent.keyDown(document.body, { key: 'X', shiftKey: true });
  expect(close).toHaveBeenCalledOnce();
});

it('takes two keys after each other for one command', () => {
  render(<Page />);
  fireEvent.keyDown(document.body, { key: 'g' });
  fireEvent.keyDown(document.body, { key: 'd' });
  expect(dashboard).toHaveBeenCalledOnce();
  expect(close).not.toHaveBeenCalled();
  fireEvent.keyDown(document.body, { key: 'd' });
  expect(close).toHaveBeenCalledOnce();
});

it('leaves keys to fields, but not to checkboxes', () => {
  const { getByLabelText } = render(<Page />);
  fireEvent.keyDown(getByLabelText('Search'), { key: 'e' });
  expect(approve).not.toHaveBeenCalled();
  fireEvent.keyDown(getByLabelText('Select'), { key: 'e' });
  expect(approve).toHaveBeenCalledOnce();
});

it('leaves keys with Ctrl, keys in dialogs, and all of them when they are switched off', () => {
  const { unmount } = render(<Page />);
  fireEvent.keyDown(document.body, { key: 'e', ctrlKey: true });
  const dialog = document.createElement('dialog');
  dialog.setAttribute('open', '');
  document.body.append(dialog);
  fireEvent.keyDown(document.body, { key: 'e' });
  dialog.remove();
  unmount();
  fireEvent.keyDown(document.body, { key: 'e' });
  shortcuts.set('off');
  render(<Page />);
  fireEvent.keyDown(document.body, { key: 'e' });
  expect(approve).not.toHaveBeenCalled();
});
