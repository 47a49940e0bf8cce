/** Where values begin and end, and between what they stay. */
export function extremes(values: readonly number[]): { first: number; last: number; least: number; most: number } {
  return {
    first: values[0] ?? 0,
    last: values.at(-1) ?? 0,
    least: values.length === 0 ? 0 : Math.min(...values),
    most: values.length === 0 ? 0 : Math.max(...values),
  };
}
