import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EgressPolicyManager } from '@nook/daemonapi';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Decisions } from './decide.ts';
import { readRules, removeEgress, writeRules } from './enforced.ts';
import { rulesFile } from './files.ts';
import { lists } from './lists.ts';

const facts = {
  ...{ vm: { id: 'a1', name: 'web' }, network: 'back' },
  policy: { mode: 'allow', audit: false, allow: [{ cidr: '10.1.0.0/16', protocol: 'any' }] },
} as const;
const decide = (inCharge: string, ...managers: EgressPolicyManager[]) =>
  new Decisions(() => [lists, ...managers], inCharge).decide(facts);

describe('rules of a VM', () => {
  it('let nothing through while nobody has said any, or nobody can read them', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'nook-egress-'));
    onTestFinished(() => rmSync(dir, { recursive: true }));
    expect(readRules(dir, 'a1')).toMatchObject({ mode: 'deny', audit: false, opened: [] });
    const rules = await decide('lists');
    await writeRules(dir, 'a1', rules);
    expect(readRules(dir, 'a1')).toEqual(rules);
    expect(statSync(rulesFile(dir, 'a1')).mode & 0o777).toBe(0o600);
    writeFileSync(rulesFile(dir, 'a1'), '{"mode":');
    expect(readRules(dir, 'a1')).toMatchObject({ mode: 'deny' });
    removeEgress(dir, 'a1');
    expect(readRules(dir, 'a1')).toMatchObject({ mode: 'deny' });
  });

  it('are what the manager in charge decides, and nothing without one', async () => {
    expect(await decide('lists')).toEqual({ ...facts.policy, opened: ['10.1.0.0/16'] });
    const shut = { mode: 'deny', audit: false, allow: [], opened: [] } as const;
    expect(await decide('corp', { name: 'corp', decide: () => shut })).toEqual(shut);
    await expect(decide('corp')).rejects.toMatchObject({ code: 'unavailable', hint: expect.stringContaining('lists') });
  });

  it.each([
    ['a mode of its own', { mode: 'maybe' }],
    ['a range that is not closed', { opened: ['8.0.0.0/8'] }],
    ['a name that is none', { allow: [{ name: 'a b', protocol: 'any' }] }],
    ['a range in another form', { allow: [{ cidr: '10.1.2.3/8', protocol: 'any' }] }],
    ['ports that end before they begin', { allow: [{ name: 'a.org', protocol: 'tcp', ports: { from: 2, to: 1 } }] }],
  ])('are not %s', async (_, answer) => {
    const shut = { mode: 'deny', audit: false, allow: [], opened: [] };
    const corp = { name: 'corp', decide: () => ({ ...shut, ...answer }) as never };
    await expect(decide('corp', corp)).rejects.toMatchObject({ code: 'unavailable' });
  });
});
