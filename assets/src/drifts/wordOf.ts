import { kinds, severities, statuses } from '../text';

/** The word for a filter's value, where it isn't the value itself. */
export function wordOf(name: string, value: string): string {
  if (name === 'status') return word(statuses, value);
  if (name === 'kind') return word(kinds, value);
  return name === 'severity' ? word(severities, value) : value;
}

const word = (words: Readonly<Record<string, string>>, value: string) => words[value] ?? value;
