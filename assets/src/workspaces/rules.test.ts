import { describe, expect, it } from 'vitest';
import { interval, isName, isWrongLabel, readLabels, writeLabels } from './rules';

it('takes the names that the server takes', () => {
  for (const good of ['a', '0', 'shop/prod', 'team.a/app_1-eu/prod', 'a'.repeat(128)]) expect(isName(good)).toBe(true);
  for (const bad of ['', '/shop', 'shop/', 'Shop', 'a b', 'größe', 'a'.repeat(129), '-a', 'a\n']) {
    expect(isName(bad)).toBe(false);
  }
});

it('reads intervals as the server does', () => {
  expect(interval('6h')).toEqual({ number: 6, unit: 'hour' });
  expect(interval('9999w')).toEqual({ number: 9999, unit: 'week' });
  expect(interval('1d')).toEqual({ number: 1, unit: 'day' });
  for (const bad of ['', '6', 'h', '0h', '10000m', '6 h', '6H', '1.5h', '-1h', '6s', '6h\n']) {
    expect(interval(bad)).toBeNull();
  }
});

describe('labels', () => {
  it('are one a line', () => {
    expect(readLabels(' team = data \n\nurl=https://x/?a=b\nempty=')).toEqual({
      team: 'data',
      url: 'https://x/?a=b',
      empty: '',
    });
    expect(readLabels('')).toEqual({});
  });

  it('say which line is wrong, and why', () => {
    expect(readLabels('a=1\nteam data')).toEqual({ line: 2, why: 'noEquals' });
    expect(readLabels('=x')).toEqual({ line: 1, why: 'name' });
    expect(readLabels(`${'n'.repeat(64)}=x`)).toEqual({ line: 1, why: 'name' });
    expect(readLabels(`n=${'x'.repeat(256)}`)).toEqual({ line: 1, why: 'word' });
    expect(readLabels('a=1\na=2')).toEqual({ line: 2, why: 'twice' });
    const many = Array.from({ length: 33 }, (_, at) => `n${at}=x`).join('\n');
    expect(readLabels(many)).toEqual({ line: 33, why: 'tooMany' });
  });

  it('are told from what is wrong, also where one is named line', () => {
    expect(isWrongLabel(readLabels('line=1'))).toBe(false);
    expect(isWrongLabel(readLabels('line'))).toBe(true);
  });

  it('are written as they are read', () => {
    const labels = { team: 'data', url: 'a=b' };
    expect(readLabels(writeLabels(labels))).toEqual(labels);
  });
});
