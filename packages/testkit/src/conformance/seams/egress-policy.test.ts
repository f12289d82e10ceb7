import { API_VERSION, type EgressPolicyManager, type EgressRules } from '@nook/daemonapi';
import { test } from 'vitest';
import type { AnyPlugin } from '../../any-plugin.ts';
import { saidOf } from '../fault.fixture.ts';

const deny: EgressRules = { mode: 'deny', audit: false, allow: [], opened: [] };

function withManager(change: Partial<EgressPolicyManager>): AnyPlugin {
  return {
    name: 'corp',
    api: API_VERSION,
    version: '1.0.0',
    from: import.meta.url,
    setup: (context) => context.contribute('egress.policy', { name: 'corp', decide: () => deny, ...change }),
  };
}

const answers = (rules: object) => ({ decide: () => ({ ...deny, ...rules }) as EgressRules });

test.concurrent.for<[what: string, change: Partial<EgressPolicyManager>, check: string, says: RegExp]>([
  ['nothing wrong', {}, 'answers whatever', /^$/],
  ['a name in capitals', { name: 'Corp' }, 'has names', /Corp/],
  ['a mode of its own', answers({ mode: 'maybe' }), 'answers whatever', /has an unknown mode/],
  ['a target that is none', answers({ allow: [{ protocol: 'tcp' }] }), 'answers whatever', /a name or a range/],
  [
    'ports that ICMP has not',
    answers({ allow: [{ name: 'a.org', protocol: 'icmp', ports: { from: 1, to: 2 } }] }),
    ...(['answers whatever', /has ports, which icmp has not/] as const),
  ],
  ['a range that is none', answers({ opened: ['10.0.0.0'] }), 'answers whatever', /no ADDRESS\/LENGTH/],
  [
    'a plain error',
    {
      decide: () => {
        throw new Error('down');
      },
    },
    ...(['answers whatever', /is no NookError/] as const),
  ],
  [
    'changed facts',
    {
      decide: (facts) => {
        Object.assign(facts.vm, { name: 'other' });
        return deny;
      },
    },
    ...(['answers whatever', /changes what it is asked about/] as const),
  ],
  [
    'a memory',
    (() => {
      let asked = 0;
      return { decide: () => ({ ...deny, audit: asked++ % 2 === 0 }) };
    })(),
    ...(['answers the same again', /deepStrictEqual|deeply equal|strictly/i] as const),
  ],
])('a manager with %s is told', async ([, change, check, says], { expect }) => {
  expect(await saidOf({ plugin: withManager(change), check: `egress.policy: ${check}`, says })).toMatch(says);
});
