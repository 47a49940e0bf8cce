import { describe, expect, it } from 'vitest';
import { letters, mistakes, tidied } from './decision';

describe('a decision', () => {
  it('needs a reason of 10 to 1,000 characters to approve and to reject', () => {
    expect(mistakes('approve', {})).toHaveProperty('reason');
    expect(mistakes('reject', { reason: '   too short     ' })).toHaveProperty('reason');
    expect(mistakes('approve', { reason: 'ten chars.' })).toEqual({});
    expect(mistakes('approve', { reason: 'x'.repeat(1_000) })).toEqual({});
    expect(mistakes('approve', { reason: 'x'.repeat(1_001) })).toHaveProperty('reason');
  });

  it('counts characters as the server does', () => {
    expect(letters('  🦀🦀  ')).toBe(2);
    expect(mistakes('approve', { reason: '🦀🦀🦀🦀🦀' })).toHaveProperty('reason');
  });

  it('needs to know how a drift ended, and nothing to triage it', () => {
    expect(mistakes('resolve', {})).toHaveProperty('resolvedHow');
    expect(mistakes('resolve', { resolvedHow: 'manual-fix' })).toEqual({});
    expect(mistakes('triage', {})).toEqual({});
    expect(mistakes('triage', { note: 'x'.repeat(4_001) })).toHaveProperty('note');
    expect(mistakes('triage', { assignee: 'x'.repeat(201) })).toHaveProperty('assignee');
  });

  it('is sent with what belongs to its action, and without blanks around it', () => {
    const all = { reason: ' because I say so ', note: ' \n', assignee: ' me ', resolvedHow: 'manual-fix' } as const;
    expect(tidied('approve', all)).toEqual({ reason: 'because I say so' });
    expect(tidied('triage', all)).toEqual({ assignee: 'me' });
    expect(tidied('resolve', all)).toEqual({ resolvedHow: 'manual-fix' });
  });
});
