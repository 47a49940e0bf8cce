import { describe, expect, it } from 'vitest';
import { cut } from './cut';

describe('an address that may be cut in its middle', () => {
  it('loses nothing', () => {
    for (const address of ['a', 'x'.repeat(26), 'module.a["🦀🦀🦀"].aws_instance.b[12]'.repeat(7)])
      expect(cut(address).join('')).toBe(address);
  });

  it('stays whole where it is short', () => {
    expect(cut('aws_s3_bucket.logs')).toEqual(['aws_s3_bucket.logs', '']);
  });

  it('keeps the name at its end, from a dot or a bracket on', () => {
    expect(cut('module.platform.module.service.aws_security_group.bastion_429')).toEqual([
      'module.platform.module.service.aws_security_group',
      '.bastion_429',
    ]);
    expect(cut(`module.${'a'.repeat(60)}`)[1]).toHaveLength(22);
  });

  it('does not cut a letter in two', () => {
    const [head, tail] = cut('🦀'.repeat(40));
    expect([...tail]).toHaveLength(22);
    expect(head).toBe('🦀'.repeat(18));
  });
});
