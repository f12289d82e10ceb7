import type { EgressRules } from '@nook/daemonapi';
import { closedRangeOf, contains } from '@nook/netstate';
import type { EgressBlocked } from '../contract.ts';
import type { Member } from './nethost-spec.ts';

/** The same again within this time is no news. */
const SAME_MS = 10_000;
/** What a VM that tries everything may have reported at once, and then in each second. */
const BURST = 50;
const PER_SECOND = 1;
/** Attempts that are remembered of all VMs. */
const MOST = 10_000;

type Attempt = Pick<EgressBlocked, 'destination' | 'name' | 'protocol' | 'port'>;

interface Budget {
  left: number;
  at: number;
  more: number;
}

/** Makes reports of what was refused: one for each attempt, and a number for those that are too many. */
export class Blocks {
  readonly #network: string;
  readonly #gateways: readonly string[];
  readonly #recent = new Map<string, number>();
  readonly #budgets = new Map<string, Budget>();

  constructor(network: string, gateways: readonly string[]) {
    this.#network = network;
    this.#gateways = gateways;
  }

  /** @returns undefined when it is not to be reported */
  refused(member: Member, rules: EgressRules, attempt: Attempt, now: number): EgressBlocked | undefined {
    const { destination = '', name = '', protocol, port } = attempt;
    if (isForSeveral(destination)) return undefined;
    const key = [member.vm, destination || name, protocol, port].join(' ');
    const isSame = now - (this.#recent.get(key) ?? Number.NEGATIVE_INFINITY) < SAME_MS;
    if (isSame) return undefined;
    const budget = this.#budget(member.vm, now);
    if (budget.left < 1) {
      budget.more++;
      return undefined;
    }
    budget.left--;
    this.#remember(key, now);
    const { more } = budget;
    budget.more = 0;
    return {
      ...{ id: member.vm, vm: member.name, network: this.#network, ...attempt },
      ...{ rule: this.#rule(rules, destination), ...(more > 0 ? { more } : {}) },
    };
  }

  #rule({ mode, audit, opened }: EgressRules, destination: string): EgressBlocked['rule'] {
    if (this.#gateways.includes(destination)) return 'host';
    // Those are all that is refused of a VM that is not limited.
    if (mode === 'open' || audit) return 'closed';
    const isClosed = destination !== '' && closedRangeOf(destination) !== undefined;
    return mode === 'allow' && isClosed && !opened.some((range) => contains(range, destination)) ? 'closed' : mode;
  }

  #budget(vm: string, now: number): Budget {
    const budget = this.#budgets.get(vm) ?? { left: BURST, at: now, more: 0 };
    budget.left = Math.min(BURST, budget.left + ((now - budget.at) / 1000) * PER_SECOND);
    budget.at = now;
    this.#budgets.set(vm, budget);
    return budget;
  }

  #remember(key: string, now: number): void {
    this.#recent.delete(key);
    this.#recent.set(key, now);
    const [oldest] = this.#recent.keys();
    if (this.#recent.size > MOST && oldest !== undefined) this.#recent.delete(oldest);
  }
}

/** Multicast and broadcast: what a guest calls into the room concerns nobody outside. */
function isForSeveral(destination: string): boolean {
  return isMulticast(destination) || destination === '255.255.255.255';
}

export function isMulticast(destination: string): boolean {
  return /^(?:22[4-9]|23\d)\.|^ff/.test(destination);
}
