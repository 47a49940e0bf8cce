import { act, cleanup, render } from '@testing-library/react';
import { afterEach, expect, it, vi } from 'vitest';
import { useGradually } from './useGradually';

const drawn: number[] = [];
function Rows({ rows, of }: { rows: readonly number[]; of: string }) {
  drawn.push(useGradually(rows, of).length);
  return null;
}
const numbers = (count: number) => Array.from({ length: count }, (_, at) => at);
const settle = () => act(async () => vi.advanceTimersByTime(1_000));

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

it('draws what is in sight first, then the rest; what stands stays', async () => {
  vi.useFakeTimers();
  const { rerender } = render(<Rows rows={numbers(40)} of="one" />);
  expect(drawn.at(-1)).toBe(12);
  for (let frame = 0; frame < 5; frame += 1) await settle();
  expect(drawn.at(-1)).toBe(40);
  drawn.length = 0;
  rerender(<Rows rows={numbers(41)} of="one" />);
  expect(Math.min(...drawn)).toBe(41);
  rerender(<Rows rows={numbers(40)} of="another" />);
  expect(drawn.at(-1)).toBe(12);
});
