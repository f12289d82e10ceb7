import { describe, expect, it } from 'vitest';
import { egressOf, mayResolve, pinnedFor } from './guest-rules.ts';

describe('what a guest may reach', () => {
  const web = { protocol: 'tcp', ports: { from: 443, to: 443 } } as const;
  const allow = [
    { name: 'a.org', ...web },
    { name: '*.b.org', ...web },
    { name: 'c.org', protocol: 'any' },
    { name: 'db.nook', protocol: 'tcp', ports: { from: 5432, to: 5432 } },
    { cidr: '10.0.0.0/8', protocol: 'icmp' },
  ] as const;
  const list = { mode: 'allow', audit: false, allow, opened: ['10.0.0.0/8'] } as const;
  const hosts = [{ name: 'db', address: '10.77.0.3', address6: 'fd77::3' }];

  it('is by address what the list says, and by name what will be pinned', () => {
    const { policy, elements, pinned, opened } = egressOf('nka1', list, hosts);
    expect({ policy, opened }).toEqual({ policy: 'allow', opened: ['10.0.0.0/8'] });
    const db = { protocol: 'tcp', ports: { from: 5432, to: 5432 } };
    expect(elements).toEqual([
      { cidr: '10.77.0.3', ...db },
      { cidr: 'fd77::3', ...db },
      { cidr: '10.0.0.0/8', protocol: 'icmp' },
    ]);
    expect(pinned).toMatchObject([web, { protocol: 'any' }, db]);
    expect(pinnedFor('x.b.org', list)).toEqual([pinned?.[0]]);
    expect(pinnedFor('c.org', list)).toEqual([pinned?.[1]]);
    expect(pinnedFor('b.org', list)).toEqual([]);
    // Another list, another key: what was pinned for this one is not for that one.
    const less = { ...list, allow: allow.slice(1) };
    expect(pinnedFor('x.b.org', less)[0]?.key).not.toBe(pinned?.[0]?.key);
  });

  it('is known by name where it may be reached', () => {
    expect(mayResolve('a.org', list)).toBe(true);
    expect(mayResolve('db.nook', list)).toBe(true);
    expect(mayResolve('web.nook', list)).toBe(false);
    expect(mayResolve('b.org', list)).toBe(false);
    expect(mayResolve('a.org', { ...list, mode: 'deny' })).toBe(false);
    expect(mayResolve('b.org', { ...list, audit: true })).toBe(true);
    expect(pinnedFor('a.org', { ...list, audit: true })).toEqual([]);
    expect(mayResolve('b.org', { ...list, mode: 'open' })).toBe(true);
  });
});
