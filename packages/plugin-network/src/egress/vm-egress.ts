import { type EgressRules, NookError } from '@nook/daemonapi';
import type { ChangingVm, EgressLearnt, EgressRequest, EgressSpec, EgressView, VmsNeed } from '../contract.ts';
import type { NethostLink } from '../nethosts/nethost-link.ts';
import type { Nethosts } from '../nethosts/nethosts.ts';
import type { Networks } from '../networks/networks.ts';
import type { Decisions } from './decide.ts';
import { readRules, writeRules } from './enforced.ts';
import { learntList } from './learn.ts';
import { checkEgress, OPEN, policyOf } from './policy.ts';
import { requireEnforced } from './require-enforced.ts';
import { readUsed } from './used.ts';

interface Parts {
  readonly vms: VmsNeed;
  readonly networks: Networks;
  readonly nethosts: Nethosts;
  readonly decisions: Decisions;
}

interface Place {
  readonly name: string;
  readonly id: string;
  /** Of its network. */
  readonly network: string;
  readonly folder: string;
}

/** The egress policies of VMs: asked for, decided, enforced, learnt. */
export class VmEgress {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** What holds for a VM from its next start on. @throws NookError as {@link Decisions.decide} */
  async prepare(vm: string, { name, egress = OPEN }: { name?: string | undefined; egress?: EgressSpec | undefined }) {
    const { vms, networks, nethosts } = this.#parts;
    const network = networks.get(name ?? '');
    const known = vms.nameOf(vm) ?? vm;
    await writeRules(
      nethosts.folder(network.id),
      vm,
      await this.#decide({ name: known, id: vm, network: network.name }, egress),
    );
  }

  /** @throws NookError `unavailable` when rules of the VM are more than the network's nethost knows */
  async requireEnforced(network: string, vm: string): Promise<void> {
    const { nethosts } = this.#parts;
    try {
      requireEnforced(await nethosts.active(network), { dir: nethosts.folder(network), vm });
    } catch (error) {
      await nethosts.forget(network, vm);
      throw error;
    }
  }

  async show(name: string): Promise<EgressView> {
    const { up, network, ...vm } = this.#parts.vms.networkOf(name);
    const place = this.#place(name, vm.id, network);
    const link = up ? await this.#link(place) : undefined;
    return {
      ...{ vm: name, network: place.network, egress: network.egress ?? OPEN, manager: this.#parts.decisions.inCharge },
      ...(up ? { enforced: readRules(place.folder, vm.id), unreported: await unreported(link) } : {}),
    };
  }

  /** At once where the VM runs, and at each of its starts. @throws NookError; then everything is as it was */
  async set(name: string, request: EgressRequest, opId: string): Promise<EgressView> {
    const asked = checkEgress(request);
    if (asked === undefined) {
      throw new NookError('bad_params', 'Nothing was asked for.', {
        hint: `Say what it may reach: nook net policy set ${name} --deny, --open, --audit or --allow NAME:PORT`,
      });
    }
    await this.#parts.vms.changeNetwork(name, async (vm) => {
      const place = this.#place(name, vm.id, vm.network);
      const rules = await this.#decide(place, asked);
      if (vm.up) await this.#enforce(place, rules, opId);
      return { ...vm.network, egress: asked };
    });
    return this.show(name);
  }

  async learn(name: string): Promise<EgressLearnt> {
    const { id, up, network } = this.#parts.vms.networkOf(name);
    const place = this.#place(name, id, network);
    const link = up ? await this.#link(place) : undefined;
    const used = link ? await link.used(id) : readUsed(place.folder, id);
    return { vm: name, allow: learntList(used), used };
  }

  /** @throws NookError `conflict` when nothing was learnt */
  async lock(name: string, opId: string): Promise<EgressView> {
    const { allow } = await this.learn(name);
    if (allow.length === 0) {
      throw new NookError('conflict', `Nothing is known of what '${name}' uses.`, {
        hint: `Have it recorded, and use the VM: nook net policy set ${name} --audit. To close it: nook net policy set ${name} --deny`,
      });
    }
    return this.set(name, { egress: 'allow', allow }, opId);
  }

  async #decide({ id, name, network }: Omit<Place, 'folder'>, egress: EgressSpec): Promise<EgressRules> {
    return this.#parts.decisions.decide({ vm: { id, name }, network, policy: policyOf(egress) });
  }

  async #enforce(place: Place, rules: EgressRules, opId: string): Promise<void> {
    const { id, network, folder } = place;
    const link = await this.#link(place);
    if (!link) throw new NookError('unavailable', `Network '${network}' is not up.`, { hint: 'Try again.' });
    const before = readRules(folder, id);
    await writeRules(folder, id, rules);
    try {
      await link.egress(id, opId);
    } catch (error) {
      await writeRules(folder, id, before);
      throw error;
    }
  }

  #link({ network }: Place): Promise<NethostLink | undefined> {
    return this.#parts.nethosts.active(this.#parts.networks.get(network).id);
  }

  #place(name: string, id: string, { mode, name: network }: ChangingVm['network']): Place {
    if (mode === 'bridge' && network !== undefined) {
      return { name, id, network, folder: this.#parts.nethosts.folder(this.#parts.networks.get(network).id) };
    }
    throw new NookError('conflict', `VM '${name}' has no egress policy: it is on '${mode}'.`, {
      hint: 'A VM has one from its making on: nook vm run --egress …, or nook vm run --network NAME',
    });
  }
}

async function unreported(link: NethostLink | undefined): Promise<string | undefined> {
  if (!link) return 'the network is not up';
  return (await link.info()).unreported;
}
