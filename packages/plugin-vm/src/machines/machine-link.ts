import type { VmState } from '../contract.ts';
import { ANSWER_MS, type VmhostLink } from '../hosts/vmhost-link.ts';
import { CLAIM_MS, claimSpec } from '../pool/claim-steps.ts';
import type { HostStatus } from '../vmhost/host-spec.ts';
import type { MachineCore } from './machine-core.ts';
import type { MachineEnd } from './machine-end.ts';
import type { MachineRun } from './records.ts';
import { networked } from './start-steps.ts';

/** A vmhost of an earlier daemon that has not answered for this long is said to be stuck. */
const SILENT_MS = 1_000;
/** What a vmhost says of a machine that is gone, while it is not gone itself. */
const ENDED: ReadonlySet<string> = new Set(['stopped', 'failed', 'suspended']);
const SILENT = 'its vmhost does not answer; nook vm kill ends it';

/** A machine follows its vmhost: what that says it is is what it is. */
export class MachineLink {
  readonly #core: MachineCore;
  readonly #end: MachineEnd;

  constructor(core: MachineCore, end: MachineEnd) {
    this.#core = core;
    this.#end = end;
  }

  /** @param run what is known of this run, where it is news */
  adopt(link: VmhostLink, token: string, run: MachineRun = this.#core.record.run): void {
    const core = this.#core;
    core.link = link;
    link.nameOfVm = () => core.record.name;
    let finishing = false;
    let reached = false;
    const booted = run !== core.record.run && run.came_up !== 'resume';
    const follow = (status: HostStatus | undefined) => {
      if (core.link !== link || status === undefined) return;
      if (status.pooled) {
        if (!finishing) void this.#finishClaim(link);
        finishing = true;
        return;
      }
      const state: VmState = ENDED.has(status.state) ? 'stopping' : (status.state as VmState);
      // Its vmhost was told by a daemon that did not live to hear the answer.
      const claimed = core.record.run.claim === undefined ? {} : { came_up: 'pool' as const, claim: undefined };
      core.set({ state, cause: undefined, run: { ...core.record.run, ...claimed, qemu_pid: status.qemu_pid } });
      if (state !== 'running' || reached) return;
      reached = true;
      const { id, name } = core.record;
      core.dependencies.events.publish('vm.reachable', { id, name, booted });
    };
    core.set({ state: core.record.state, run });
    link.onStatus = follow;
    follow(link.status);
    const silent = setTimeout(() => {
      if (core.link === link && !link.status) core.set({ state: core.record.state, cause: SILENT });
    }, SILENT_MS).unref();
    void link.closed.then(() => clearTimeout(silent));
    this.#end.follow(
      link.closed.then(async () => {
        if (core.link === link) await this.#end.onLost({ token });
      }),
    );
  }

  /** The daemon that took the machine out of the pool ended before it had told the vmhost. */
  async #finishClaim(link: VmhostLink): Promise<void> {
    const core = this.#core;
    const { run, shape } = core.record;
    const opId = run.claim?.op_id ?? 'op-pool-claim';
    try {
      const network = await core.dependencies.network.plan(shape.network, networked(core.record, opId));
      const sessionExpected = run.claim?.session_expected ?? false;
      const claim = claimSpec(core.record, { network, sessionExpected, opId });
      await link.call('claim', claim, { opId, timeoutMs: CLAIM_MS });
      core.set({ state: 'running', run: { ...core.record.run, came_up: 'pool', claim: undefined } });
    } catch (error) {
      await link
        .call('force_stop', {}, { opId, timeoutMs: ANSWER_MS })
        .catch((stuck: Error) => this.#end.byForce(link, stuck));
      await this.#end.reached();
      if (core.removal) return;
      core.set({ state: 'failed', cause: `the machine of the pool could not be used: ${(error as Error).message}` });
    }
  }
}
