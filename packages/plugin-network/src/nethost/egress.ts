import type { EgressRules, Logger } from '@nook/daemonapi';
import type { DesiredStateInput } from '@nook/netstate';
import { readRules } from '../egress/enforced.ts';
import { addressesOf } from '../names/addresses-of.ts';
import { DOMAIN } from '../names/domain.ts';
import type { GuestNames } from '../names/name-server.ts';
import { egressOf, mayResolve, pinnedFor } from './guest-rules.ts';
import type { KnownNames } from './known-names.ts';
import { type Member, memberAt } from './nethost-spec.ts';
import { Pins } from './pins.ts';
import type { Realisation } from './realisation.ts';
import { tapName } from './tap-name.ts';

interface EgressParts {
  readonly dir: string;
  readonly log: Logger;
  readonly names: KnownNames;
  readonly realisation: () => Pick<Realisation, 'pin' | 'shared'>;
  readonly onRefused: (member: Member, name: string) => void;
  /** Does something while nobody else changes the rules of the namespace. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>;
}

/** What the VMs of a network may reach, by address and by name. */
export class Egress {
  readonly #parts: EgressParts;
  readonly #rules = new Map<string, EgressRules>();
  readonly #pins: Pins;

  constructor(parts: EgressParts) {
    this.#parts = parts;
    this.#pins = new Pins(parts.realisation);
  }

  /** As the daemon said them last. */
  rulesOf(vm: string): EgressRules {
    const rules = this.#rules.get(vm) ?? readRules(this.#parts.dir, vm);
    this.#rules.set(vm, rules);
    return rules;
  }

  /** They are read again when they are needed. */
  forget(vm: string): void {
    this.#rules.delete(vm);
    this.#pins.forget(vm);
  }

  /** The rules of the namespace were made anew, perhaps without what was pinned. */
  forgetPins(): void {
    this.#pins.forget();
  }

  desired(members: readonly Member[]): NonNullable<DesiredStateInput['egress']> {
    return members.map(({ vm }) => egressOf(tapName(vm), this.rulesOf(vm), members));
  }

  /** What the name server asks about who asks it. @param host the network's own address: the host asks from there */
  names(members: () => readonly Member[], host: string): GuestNames {
    const find = (from: string) => memberAt(members(), from);
    return {
      mayAsk: (from, name) => {
        const member = find(from);
        // For the rest the host has others to ask, and no network is a way around what may be asked here.
        if (member === undefined) return from === host && name.endsWith(`.${DOMAIN}`);
        if (name === `${member.name}.${DOMAIN}` || mayResolve(name, this.rulesOf(member.vm))) return true;
        this.#parts.onRefused(member, name);
        return false;
      },
      answered: async (from, name, answer) => {
        const member = find(from);
        if (member === undefined) return;
        const addresses = addressesOf(name, answer);
        this.#parts.names.add(
          member.vm,
          name,
          addresses.map(({ address }) => address),
        );
        const pinned = pinnedFor(name, this.rulesOf(member.vm));
        if (pinned.length === 0 || addresses.length === 0) return;
        await this.#parts.inTurn(() => this.#pins.add(member, addresses, pinned));
      },
    };
  }
}
