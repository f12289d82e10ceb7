import { describe, expect, it } from 'vitest';
import { Blocks } from './blocks.ts';

const member = { vm: 'a1', name: 'web', mac: '', address: '10.77.0.2', address6: 'fd77::2', publish: [] };
const rules = { mode: 'deny', audit: false, allow: [], opened: [] } as const;
const to = (destination: string, port = 443) => ({ destination, protocol: 'tcp', port });

describe('reports of what was refused', () => {
  it('say who wanted where and why not, once for the same', () => {
    const blocks = new Blocks('back', ['10.77.0.1']);
    expect(blocks.refused(member, rules, { ...to('198.51.100.1'), name: 'a.org' }, 0)).toEqual({
      ...{
        id: 'a1',
        vm: 'web',
        network: 'back',
        destination: '198.51.100.1',
        name: 'a.org',
        protocol: 'tcp',
        port: 443,
      },
      rule: 'deny',
    });
    expect(blocks.refused(member, rules, to('198.51.100.1'), 9_999)).toBeUndefined();
    expect(blocks.refused(member, rules, to('198.51.100.1', 80), 9_999)).toBeDefined();
    expect(blocks.refused(member, rules, to('198.51.100.1'), 10_000)).toBeDefined();
    for (const room of ['224.0.0.251', 'ff02::1', '255.255.255.255'])
      expect(blocks.refused(member, rules, to(room), 0)).toBeUndefined();
  });

  it('name the rule', () => {
    const blocks = new Blocks('back', ['10.77.0.1']);
    const rule = (change: object, destination: string) =>
      blocks.refused({ ...member, vm: JSON.stringify(change) }, { ...rules, ...change }, to(destination), 0)?.rule;
    expect(rule({}, '10.77.0.1')).toBe('host');
    expect(rule({ mode: 'open' }, '192.168.1.1')).toBe('closed');
    expect(rule({ mode: 'allow' }, '192.168.1.1')).toBe('closed');
    expect(rule({ mode: 'allow', opened: ['192.168.0.0/16'] }, '192.168.1.1')).toBe('allow');
    expect(rule({ mode: 'allow' }, '198.51.100.1')).toBe('allow');
    expect(rule({ mode: 'deny', audit: true }, 'fd00::1')).toBe('closed');
  });

  it('are few of a VM that tries everything, and say how many more there were', () => {
    const blocks = new Blocks('back', []);
    const tried = (at: number, port: number) => blocks.refused(member, rules, to('198.51.100.1', port), at);
    const first = Array.from({ length: 1000 }, (_, port) => tried(0, port + 1)).filter((each) => each !== undefined);
    expect(first).toHaveLength(50);
    expect(blocks.refused({ ...member, vm: 'b2' }, rules, to('198.51.100.1'), 0)).toBeDefined();
    expect(tried(1000, 2000)).toMatchObject({ more: 950 });
    expect(tried(1000, 2001)).toBeUndefined();
    expect(tried(2000, 2002)).toMatchObject({ more: 1 });
  });
});
