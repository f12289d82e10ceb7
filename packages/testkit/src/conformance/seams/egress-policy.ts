import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import {
  type EgressFacts,
  type EgressPolicy,
  type EgressPolicyManager,
  type EgressRules,
  type EgressTarget,
  isNookError,
} from '@nook/daemonapi';
import type { ConformanceCheck } from '../check.ts';
import type { Subject } from '../options.ts';
import { END_MS, subjectBox, within } from '../subject-box.ts';

const NAME = /^[a-z][a-z0-9-]{0,62}$/;
const TARGET_NAME = /^(?:\*|(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)$/;

/** What users may ask for. */
const POLICIES: readonly EgressPolicy[] = [
  { mode: 'open', audit: false, allow: [] },
  { mode: 'open', audit: false, allow: [{ cidr: '10.0.0.0/8', protocol: 'any' }] },
  { mode: 'deny', audit: false, allow: [] },
  {
    mode: 'allow',
    audit: false,
    allow: [
      { name: 'example.org', protocol: 'tcp', ports: { from: 443, to: 443 } },
      { name: '*.example.net', protocol: 'any' },
      { cidr: '2001:db8::/32', protocol: 'udp', ports: { from: 1, to: 65_535 } },
      { cidr: 'fd00::/8', protocol: 'icmp' },
    ],
  },
  { mode: 'allow', audit: true, allow: [{ name: 'example.org', protocol: 'any' }] },
];

async function withManagers(
  subject: Subject,
  examine: (managers: readonly EgressPolicyManager[]) => Promise<void> | void,
): Promise<void> {
  await using box = await subjectBox(subject);
  await box.start();
  const { contributed } = box.of(subject.plugin.name);
  await examine(
    contributed.filter(({ point }) => point === 'egress.policy').map(({ value }) => value as EgressPolicyManager),
  );
}

function factsOf(policy: EgressPolicy): EgressFacts {
  return { vm: { id: 'c0ffee000001', name: 'conformance' }, network: 'back', policy: structuredClone(policy) };
}

function examineTarget({ name, cidr, protocol, ports }: EgressTarget, shown: string): void {
  assert.ok((name === undefined) !== (cidr === undefined), `${shown} must have a name or a range`);
  if (name !== undefined) assert.match(name, TARGET_NAME, `${shown} has an unreadable name`);
  if (cidr !== undefined) examineRange(cidr, shown);
  assert.ok(['any', 'tcp', 'udp', 'icmp'].includes(protocol), `${shown} has an unknown protocol`);
  if (ports === undefined) return;
  assert.ok(protocol === 'tcp' || protocol === 'udp', `${shown} has ports, which ${protocol} has not`);
  assert.ok(ports.from >= 1 && ports.from <= ports.to && ports.to <= 65_535, `${shown} has impossible ports`);
}

function examineRange(cidr: string, shown: string): void {
  const [address = '', length = '', ...more] = cidr.split('/');
  const bits = isIP(address) === 4 ? 32 : 128;
  const isRange = isIP(address) !== 0 && /^\d{1,3}$/.test(length) && Number(length) <= bits && more.length === 0;
  assert.ok(isRange, `${shown} holds '${cidr}', which is no ADDRESS/LENGTH`);
}

function examineRules(manager: string, rules: EgressRules): void {
  const shown = `${manager}: ${JSON.stringify(rules)}`;
  assert.deepEqual(JSON.parse(JSON.stringify(rules)), rules, `${shown} is not what JSON can keep`);
  assert.ok(['open', 'deny', 'allow'].includes(rules.mode), `${shown} has an unknown mode`);
  assert.equal(typeof rules.audit, 'boolean', `${shown} does not say whether it is audited`);
  for (const target of rules.allow) examineTarget(target, shown);
  for (const range of rules.opened) examineRange(range, shown);
}

/** What holds for every `egress.policy`. */
export const egressPolicySeam: readonly ConformanceCheck[] = [
  {
    name: 'egress.policy: has names, each once',
    run: (subject) =>
      withManagers(subject, (managers) => {
        const names = managers.map(({ name }) => name);
        for (const name of names) assert.match(name, NAME);
        assert.equal(new Set(names).size, names.length, `twice: ${names.join(', ')}`);
      }),
  },
  {
    name: 'egress.policy: answers whatever may be asked for with rules that make sense, or refuses it, and changes no facts',
    run: (subject) =>
      withManagers(subject, async (managers) => {
        for (const manager of managers) {
          for (const policy of POLICIES) {
            const facts = factsOf(policy);
            const decided = Promise.resolve()
              .then(() => manager.decide(facts, AbortSignal.timeout(END_MS)))
              .catch((error: unknown) => {
                assert.ok(isNookError(error), `'${manager.name}' refuses with ${error}, which is no NookError`);
                return undefined;
              });
            const rules = await within(END_MS, `'${manager.name}' about ${JSON.stringify(policy)}`, decided);
            if (rules !== undefined) examineRules(manager.name, rules);
            assert.deepEqual(facts, factsOf(policy), `'${manager.name}' changes what it is asked about`);
          }
        }
      }),
  },
  {
    name: 'egress.policy: answers the same again, and about several VMs at once',
    run: (subject) =>
      withManagers(subject, async (managers) => {
        const ask = (manager: EgressPolicyManager, policy: EgressPolicy) =>
          Promise.resolve()
            .then(() => manager.decide(factsOf(policy), AbortSignal.timeout(END_MS)))
            .catch(() => undefined);
        for (const manager of managers) {
          const first = await Promise.all(POLICIES.map((policy) => ask(manager, policy)));
          const again = await Promise.all([...POLICIES].reverse().map((policy) => ask(manager, policy)));
          assert.deepEqual(again.reverse(), first);
        }
      }),
  },
];
