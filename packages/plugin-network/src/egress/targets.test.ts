import { describe, expect, it } from 'vitest';
import { checkEgress } from './policy.ts';
import { formatTarget, matchesName, parseTarget } from './targets.ts';

const refused = expect.objectContaining({ code: 'bad_params' });

describe('destinations of an egress policy', () => {
  it.each([
    ['example.org', { name: 'example.org', protocol: 'any' }],
    ['Example.ORG.:443', { name: 'example.org', protocol: 'tcp', ports: { from: 443, to: 443 } }],
    ['*.example.org:8000-8080/udp', { name: '*.example.org', protocol: 'udp', ports: { from: 8000, to: 8080 } }],
    ['*:443', { name: '*', protocol: 'tcp', ports: { from: 443, to: 443 } }],
    ['db.nook:5432', { name: 'db.nook', protocol: 'tcp', ports: { from: 5432, to: 5432 } }],
    ['10.1.2.3', { cidr: '10.1.2.3/32', protocol: 'any' }],
    ['10.1.2.3/8:53/udp', { cidr: '10.0.0.0/8', protocol: 'udp', ports: { from: 53, to: 53 } }],
    ['198.51.100.0/24/icmp', { cidr: '198.51.100.0/24', protocol: 'icmp' }],
    ['2001:db8::/32', { cidr: '2001:db8::/32', protocol: 'any' }],
    ['2001:db8::1/tcp', { cidr: '2001:db8::1/128', protocol: 'tcp' }],
    ['[2001:db8::/32]:443', { cidr: '2001:db8::/32', protocol: 'tcp', ports: { from: 443, to: 443 } }],
  ])('%s is read, written, and read as the same', (text, target) => {
    expect(parseTarget(text)).toEqual(target);
    expect(parseTarget(formatTarget(parseTarget(text)))).toEqual(target);
  });

  it.each([
    ...['', '*example.org', 'a..b', '-a.org', '999.1.1.1', '10.0.0.0/33', 'a.org:0', 'a.org:70000', 'a.org:2-1'],
    ...['a.org:80/icmp', 'a.org/sctp', '::1%lo', '[::1', 'a b', 'x'.repeat(260), '::ffff:10.0.0.1', 'a.org:443:80'],
  ])('%j is refused', (text) => {
    expect(() => parseTarget(text)).toThrow(refused);
  });

  it('with a star are the names below, at any depth', () => {
    expect(matchesName('*.example.org', 'a.example.org')).toBe(true);
    expect(matchesName('*.example.org', 'a.b.example.org')).toBe(true);
    expect(matchesName('*.example.org', 'example.org')).toBe(false);
    expect(matchesName('*.example.org', '.example.org')).toBe(false);
    expect(matchesName('*.example.org', 'badexample.org')).toBe(false);
    expect(matchesName('example.org', 'a.example.org')).toBe(false);
    expect(matchesName('*', 'anything')).toBe(true);
  });

  it('make a policy with what was asked, and contradict nothing', () => {
    expect(checkEgress({})).toBeUndefined();
    expect(checkEgress({ allow: ['a.org:443', 'A.org:443/tcp'] })).toEqual({
      ...{ mode: 'allow', audit: false, allow: ['a.org:443'] },
    });
    expect(checkEgress({ egress: 'deny' })).toEqual({ mode: 'deny', audit: false, allow: [] });
    expect(checkEgress({ egress: 'audit' })).toEqual({ mode: 'open', audit: true, allow: [] });
    expect(checkEgress({ egress: 'open', allow: ['10.0.0.0/8'] })).toEqual({
      ...{ mode: 'open', audit: false, allow: ['10.0.0.0/8'] },
    });
    for (const request of [
      { egress: 'deny', allow: ['a.org'] } as const,
      { egress: 'allow' } as const,
      { egress: 'open', allow: ['a.org'] } as const,
      { egress: 'open', allow: ['10.0.0.0/8:80'] } as const,
      { egress: 'open', allow: ['8.0.0.0/8'] } as const,
    ])
      expect(() => checkEgress(request)).toThrow(refused);
  });
});
