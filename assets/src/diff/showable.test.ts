import { expect, it } from 'vitest';
import { runs, showable } from './showable';

it.each([
  ['plain text, ünïcode, 日本語', 'plain text, ünïcode, 日本語'],
  ['two\nlines\tand a tab', 'two\nlines\tand a tab'],
  ['admin\u202egnp.exe', 'admin\\u202egnp.exe'],
  ['\u2066a\u2069', '\\u2066a\\u2069'],
  ['zero\u200bwidth\ufeff', 'zero\\u200bwidth\\ufeff'],
  ['not\u00a0a space', 'not\\u00a0a space'],
  ['bell\u0007 del\u007f nul\u0000', 'bell\\u0007 del\\u007f nul\\u0000'],
  ['dos\r\n', 'dos\\r\n'],
  ['tag\u{e0041}', 'tag\\u{e0041}'],
  ['lone \ud83d', 'lone \\ud83d'],
  ['line\u2028break', 'line\\u2028break'],
  ['עברית العربية', 'עברית العربية'],
  ['👩🏽‍💻 and 👨‍👩‍👧 and ❤️‍🔥', '👩🏽‍💻 and 👨‍👩‍👧 and ❤️‍🔥'],
  ['a\u200db', 'a\\u200db'],
  ['filler\u3164', 'filler\\u3164'],
])('%j is shown as %j', (text, shown) => {
  expect(showable(text)).toBe(shown);
  expect(
    runs(text)
      .map((run) => run.text)
      .join(''),
  ).toBe(shown);
});

it('an escape can be told from the same letters typed', () => {
  expect(runs('a\u202e\\u202e')).toEqual([
    { text: 'a', code: undefined },
    { text: '\\u202e', code: 'U+202E' },
    { text: '\\u202e', code: undefined },
  ]);
});
