import { expect, it } from 'vitest';
import { countShown, NO_MARKS, standing, withMark, withoutMark, withRead } from './marks';

const alert = (id: string, severity: 'critical' | 'info' = 'critical', isRead = false) => ({ id, severity, isRead });

it('shows a marked alert as pending until it is read, and as unread again where that is undone', () => {
  const marked = withMark(NO_MARKS, alert('b'));
  expect(standing(alert('b'), marked)).toBe('pending');
  expect(standing(alert('a'), marked)).toBe('unread');
  expect(standing(alert('b'), withoutMark(marked, 'b'))).toBe('unread');
  expect(standing(alert('b'), withRead(withoutMark(marked, 'b'), ['b']))).toBe('read');
  expect(standing(alert('c', 'info', true), marked)).toBe('read');
});

it('marks all up to the newest, and none that came later', () => {
  const marked = { ...NO_MARKS, pendingUpTo: 'b' };
  expect(['a', 'b', 'c'].map((id) => standing(alert(id), marked))).toEqual(['pending', 'pending', 'unread']);
  const read = withRead(NO_MARKS, [], 'b');
  expect(['a', 'b', 'c'].map((id) => standing(alert(id), read))).toEqual(['read', 'read', 'unread']);
});

it('takes what is marked off the number that the menu shows', () => {
  const marked = withMark(withMark(NO_MARKS, alert('a')), alert('b', 'info'));
  expect(countShown(13, marked, false)).toBe(11);
  expect(countShown(5, marked, true)).toBe(4);
  expect(countShown(1, marked, false)).toBe(0);
  expect(countShown(13, { ...marked, pendingUpTo: 'z' }, false)).toBe(0);
});
