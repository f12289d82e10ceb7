import {
  type EgressFacts,
  type EgressPolicyManager,
  type EgressRules,
  type EgressTarget,
  isNookError,
  NookError,
} from '@nook/daemonapi';
import { canonicalRange, closedRangeOf } from '@nook/netstate';
import { z } from 'zod';
import { formatTarget, parseTarget } from './targets.ts';

const DECISION_MS = 5_000;
const MOST = 512;

const range = z.string().refine((text) => canonicalRange(text) === text, 'must be ADDRESS/LENGTH');
const port = z.int().min(1).max(65_535);
const target = z
  .strictObject({
    name: z.string().max(255).optional(),
    cidr: range.optional(),
    protocol: z.enum(['any', 'tcp', 'udp', 'icmp']),
    ports: z.strictObject({ from: port, to: port }).optional(),
  })
  .refine(({ name, cidr }) => (name === undefined) !== (cidr === undefined), 'must have a name or a range')
  .refine(isReadable, 'makes no sense');

const rules = z.strictObject({
  mode: z.enum(['open', 'deny', 'allow']),
  audit: z.boolean(),
  allow: z.array(target).max(MOST),
  opened: z.array(range.refine((text) => closedRangeOf(text) !== undefined, 'is no range that is closed')).max(MOST),
});

/** Written and read again, a target must still be the same. */
function isReadable(value: EgressTarget): boolean {
  try {
    const again = parseTarget(formatTarget(value));
    return again.name === value.name && again.cidr === value.cidr;
  } catch {
    return false;
  }
}

/** Asks the manager that is in charge. */
export class Decisions {
  readonly #managers: () => readonly EgressPolicyManager[];
  readonly inCharge: string;

  constructor(managers: () => readonly EgressPolicyManager[], inCharge: string) {
    this.#managers = managers;
    this.inCharge = inCharge;
  }

  /** @throws NookError `unavailable` when there is no such manager or it does not answer with rules, and what it throws */
  async decide(facts: EgressFacts): Promise<EgressRules> {
    const manager = this.#managers().find(({ name }) => name === this.inCharge);
    if (manager === undefined) {
      const known = this.#managers().map(({ name }) => name);
      throw new NookError(
        'unavailable',
        `Nobody decides what VMs reach: there is no egress policy '${this.inCharge}'.`,
        {
          hint: `Set [network] egress_policy to one of: ${known.join(', ')}. Or import the plugin that has it.`,
        },
      );
    }
    try {
      const signal = AbortSignal.timeout(DECISION_MS);
      const late = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error(`no answer in ${DECISION_MS / 1000} s`)));
      });
      return rules.parse(await Promise.race([manager.decide(facts, signal), late]));
    } catch (cause) {
      if (isNookError(cause)) throw cause;
      const why = cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message;
      throw new NookError(
        'unavailable',
        `The egress policy '${this.inCharge}' did not decide about '${facts.vm.name}': ${why}`,
        {
          cause,
        },
      );
    }
  }
}
