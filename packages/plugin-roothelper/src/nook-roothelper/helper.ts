import { NookError } from '@nook/daemonapi';
import {
  advance,
  confirm,
  type DesiredState,
  type DesiredStateInput,
  type Difference,
  difference,
  observe,
  readDesiredState,
  reconcile,
  remove,
  writeSysctls,
} from '@nook/netstate';
import { requireFree } from './free-port.ts';
import { needsFacts, newForwards, refusals } from './gates.ts';
import { hostFacts } from './host-facts.ts';
import type { InstallRecord, Kept, KeptState } from './kept.ts';
import { routeNames, unrouteNames } from './names.ts';
import { PacketWatches } from './packet-watches.ts';
import type { Scopes } from './scopes.ts';

/**
 * What verbs are made of. Each call begins with what is kept on disk; what is remembered is which state this process made
 * last, so that the next one needs no look at the host.
 */
export class Helper {
  readonly record: InstallRecord;
  readonly scopes: Scopes;
  readonly watches = new PacketWatches((guest) => this.bridgeOf(guest));
  /** Address of a guest → its bridge. */
  #guests: ReadonlyMap<string, string> = new Map();
  readonly #kept: Kept;
  /** In JSON; undefined: not known. */
  #made: string | undefined;
  /** Made without a look. */
  #unseen: DesiredState | undefined;

  constructor({
    record,
    scopes,
    kept,
  }: { readonly record: InstallRecord; readonly scopes: Scopes; readonly kept: Kept }) {
    this.record = record;
    this.scopes = scopes;
    this.#kept = kept;
  }

  state(): Promise<KeptState> {
    return this.#kept.state();
  }

  bridgeOf(guest: string): string | undefined {
    return this.#guests.get(guest);
  }

  async differences(): Promise<Difference[]> {
    const { desired } = await this.state();
    return difference(desired, await observe());
  }

  /**
   * Leads from one state of the networks to the next, or leaves all as it was.
   * @throws NookError `bad_params` when the next one is none, `conflict` when a gate refuses it
   */
  async change(edit: (before: DesiredState) => DesiredStateInput): Promise<{ repaired: readonly Difference[] }> {
    const kept = await this.state();
    const next = readDesiredState(edit(kept.desired));
    await this.#admit(next, kept.desired);
    await this.#kept.keep({ ...kept, desired: next });
    try {
      const [was, is] = [kept.desired, next].map((state) => JSON.stringify(state));
      // Who asks for what is already wanted wants to be sure.
      if (this.#made === was && is !== was) return await this.#lead({ ...kept, desired: next }, kept.desired);
      return await this.#make({ ...kept, desired: next });
    } catch (error) {
      await this.#kept.keep(kept);
      // What the failure left is repaired by the next call that succeeds, when not now.
      this.#made = undefined;
      await reconcile(kept.desired).catch(() => {});
      throw error;
    }
  }

  /** Makes the host what is kept, names included. */
  async restore(): Promise<{ repaired: readonly Difference[] }> {
    const kept = await this.state();
    const { repaired } = await this.#make(kept);
    for (const routing of kept.names) await routeNames(routing);
    return { repaired };
  }

  /** Keeps more than networks. */
  async note(edit: (kept: KeptState) => Partial<KeptState>): Promise<void> {
    const kept = await this.state();
    await this.#kept.keep({ ...kept, ...edit(kept) });
  }

  async uninstall(): Promise<void> {
    const { names, scopes, sysctls_before } = await this.state();
    for (const { bridge } of names) await unrouteNames(bridge).catch(() => {});
    await remove();
    writeSysctls(sysctls_before);
    await this.scopes.removeAll(scopes);
    await this.#kept.forget();
  }

  async #admit(next: DesiredState, before: DesiredState): Promise<void> {
    const facts = needsFacts(next, before)
      ? await hostFacts(new Set(before.bridges.map(({ name }) => name)))
      : { addresses: [], networks: [], nameservers: [] };
    const [first, ...more] = refusals(next, { record: this.record, facts, before });
    if (first !== undefined) {
      throw new NookError('conflict', `The helper refuses this: ${[first, ...more.slice(0, 4)].join('; ')}.`);
    }
    for (const forward of newForwards(next, before)) await requireFree(forward);
  }

  /** What is done once the caller has its answer. */
  async settle(): Promise<void> {
    const made = this.#unseen;
    this.#unseen = undefined;
    if (made === undefined) return;
    await confirm(made).catch(() => {
      this.#made = undefined;
    });
  }

  async #make(kept: KeptState): Promise<{ repaired: readonly Difference[] }> {
    this.#made = undefined;
    const { repaired, sysctls_before } = await reconcile(kept.desired);
    await this.#noteSettings(kept, sysctls_before);
    this.#note(kept.desired);
    return { repaired };
  }

  /** From what this process made: what is changed is what differs. */
  async #lead(kept: KeptState, from: DesiredState): Promise<{ repaired: readonly Difference[] }> {
    this.#made = undefined;
    const { repaired, sysctls_before } = await advance(from, kept.desired);
    this.#unseen = kept.desired;
    await this.#noteSettings(kept, sysctls_before);
    this.#note(kept.desired);
    return { repaired };
  }

  #note(made: DesiredState): void {
    this.#made = JSON.stringify(made);
    this.#guests = new Map(made.taps.flatMap(({ addresses, bridge }) => addresses.map((each) => [each, bridge])));
  }

  async #noteSettings(kept: KeptState, before: KeptState['sysctls_before']): Promise<void> {
    if (Object.keys(before).length === 0) return;
    await this.#kept.keep({ ...kept, sysctls_before: { ...before, ...kept.sysctls_before } });
  }
}
