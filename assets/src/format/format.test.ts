import { describe, expect, it } from 'vitest';
import { middle } from './middle';
import { count, money, plural, share } from './numbers';
import { ago, clock, date, dateTime, exactly, hours } from './time';

const now = Date.parse('2026-11-22T14:03:07.000Z');
const past = (ms: number) => ago(now - ms, now, 'UTC');

describe('a time', () => {
  it('is relative under seven days', () => {
    expect(past(0)).toBe('just now');
    expect(past(59_999)).toBe('just now');
    expect(past(60_000)).toBe('1 min ago');
    expect(past(59 * 60_000)).toBe('59 min ago');
    expect(past(3_600_000)).toBe('1 h ago');
    expect(past(86_400_000 * 2)).toBe('2 d ago');
    expect(past(86_400_000 * 7 - 1)).toBe('6 d ago');
    expect(past(86_400_000 * 7)).toBe('2026-11-15 14:03');
  });

  it('may lie ahead', () => {
    expect(past(-1_000)).toBe('in a moment');
    expect(past(-3_600_000 * 5)).toBe('in 5 h');
    expect(past(-86_400_000 * 30)).toBe('2026-12-22 14:03');
  });

  it('is told in a zone, also across midnight', () => {
    expect(dateTime(now, 'Europe/Berlin')).toBe('2026-11-22 15:03');
    expect(date(Date.parse('2026-11-22T23:30:00Z'), 'Asia/Kolkata')).toBe('2026-11-23');
    expect(clock(Date.parse('2026-11-22T00:00:00Z'), 'UTC')).toBe('00:00');
    expect(exactly(now, 'UTC')).toBe('2026-11-22 14:03:07 UTC');
    expect(exactly(now, 'America/New_York')).toBe('2026-11-22 14:03:07 UTC, 2026-11-22 09:03:07 America/New_York');
  });

  it('can be a length', () => {
    expect(hours(0.4)).toBe('24 min');
    expect(hours(3)).toBe('3 h');
    expect(hours(3.34)).toBe('3 h 20 min');
    expect(hours(100)).toBe('4 d');
  });
});

describe('a number', () => {
  it('has separators', () => {
    expect(count(1204)).toBe('1,204');
    expect(plural(1, 'drift')).toBe('1 drift');
    expect(plural(0, 'drift')).toBe('0 drifts');
    expect(plural(2, 'entry', 'entries')).toBe('2 entries');
    expect(share(12.5)).toBe('12.5%');
  });

  it('that is not known is not nothing', () => {
    expect(money(null, 'USD')).toBe('not priced');
    expect(money(0, 'USD')).toBe('$0.00');
    expect(money(-1204.5, 'EUR')).toBe('-€1,204.50');
  });
});

describe('a long text', () => {
  it('is cut in its middle, and keeps its end', () => {
    expect(middle('module.a.aws_instance.web', 25)).toBe('module.a.aws_instance.web');
    const cut = middle('module.network.module.subnets.aws_subnet.private["eu-central-1a"]', 30);
    expect([...cut]).toHaveLength(30);
    expect(cut.startsWith('module.netw')).toBe(true);
    expect(cut.endsWith('["eu-central-1a"]')).toBe(true);
  });

  it('is not cut within a letter', () => {
    expect(middle('😀'.repeat(20), 5)).toBe('😀…😀😀😀');
  });
});
