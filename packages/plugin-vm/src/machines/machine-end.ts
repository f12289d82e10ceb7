import { rm } from 'node:fs/promises';
import { isNookError } from '@nook/daemonapi';
import { killExactly } from '@nook/wire';
import { clearAway } from '../hosts/leftovers.ts';
import type { VmhostLink } from '../hosts/vmhost-link.ts';
import { readEnd } from '../hosts/vmhost-process.ts';
import { scopeOutOfMemory } from '../limits/vmhost-scope.ts';
import { adoptStaged } from '../saved/saved-copy.ts';
import { keptMemory } from '../saved/take-up.ts';
import { lastWords } from '../supervision/last-words.ts';
import type { Ended } from '../supervision/restart-plan.ts';
import { identityOnDisk } from './identity-on-disk.ts';
import type { MachineCore } from './machine-core.ts';

interface Loss {
  /** Of the vmhost that is gone; undefined: there was none that could say how it ended. */
  readonly token: string | undefined;
  /** Where nothing else is known. */
  readonly cause?: string;
  readonly by?: Ended['by'];
}

/** How a machine ends, what is kept of it, and its removal. */
export class MachineEnd {
  readonly #core: MachineCore;
  /** Told when the machine is no more. */
  readonly #onRemoved: () => void;

  constructor(core: MachineCore, onRemoved: () => void) {
    this.#core = core;
    this.#onRemoved = onRemoved;
  }

  /** The vmhost is gone: the machine has ended, or the vmhost died and the kernel took QEMU along. */
  async onLost({ token, cause = 'its vmhost died', by }: Loss): Promise<void> {
    const core = this.#core;
    const { dir, dependencies } = core;
    const phase = core.link?.status?.phase;
    core.link = undefined;
    const end = token === undefined ? undefined : await readEnd(dir, token);
    const starved = end ? undefined : await scopeOutOfMemory(dir);
    await clearAway(dir, end, dependencies);
    await dependencies.layers.repair(core.record, dir);
    await adoptStaged(dir, core.disk);
    const kept = await keptMemory(dir, core.disk);
    const lost = end?.state === 'suspended' && !kept ? 'its saved memory is not what was saved' : undefined;
    const missing = end ? undefined : await core.lost();
    const { boot, started_at } = core.record.run;
    const last = await lastWords(dir, end, { boot, phase });
    core.set({
      state: kept ? 'suspended' : lost === undefined ? (end?.state ?? 'failed') : 'failed',
      cause: kept && end?.state === 'suspended' ? undefined : (lost ?? end?.cause ?? missing ?? starved ?? cause),
      run: {
        ...core.record.run,
        ...last,
        ended_at: end?.at ?? dependencies.clock.now(),
        qemu_pid: undefined,
        vmhost: undefined,
      },
    });
    this.endedBadly({
      at: core.record.run.ended_at ?? dependencies.clock.now(),
      failed: core.record.state === 'failed',
      cause: core.record.cause ?? '',
      by: end?.ended_by ?? (end?.cause === 'stopped as asked' ? 'asked' : by),
      up_since: started_at,
    });
    if (core.record.state === 'suspended') core.supervision.asked('stopped');
    if (by === 'host') core.supervision.recover({ rebooted: true });
    await this.cleanUp();
  }

  /** Its policy decides what follows, and may give up. */
  endedBadly(ended: Ended): void {
    const cause = this.#core.supervision.onEnd(ended);
    if (cause !== undefined) this.#core.set({ state: 'failed', cause });
  }

  /** Once the machine is gone. What a feature cannot clean up keeps the machine's record, which alone knows of it. */
  async cleanUp(): Promise<void> {
    const core = this.#core;
    await core.features.cleanUp('off');
    if (!core.record.shape.auto_remove || core.record.state === 'suspended') return;
    await this.removeNow(false).catch((error: Error) =>
      core.set({ state: core.record.state, cause: `it could not be removed: ${error.message}` }),
    );
  }

  /** Features may take their time with what they clean up: neither a daemon's start nor other machines wait for them. */
  async settle(work: () => Promise<void>): Promise<void> {
    const core = this.#core;
    const slow = core.features.any;
    this.follow(work());
    if (!slow) await core.settled;
  }

  /** What the end of the machine waits for from now on. */
  follow(settled: Promise<void>): void {
    this.#core.settled = settled;
    settled.catch((error: Error) => this.#core.dependencies.log.error({ error: error.message }, 'the end of a VM'));
  }

  /** Settles when the end that was asked for is there, and all that follows it. */
  async reached(): Promise<void> {
    await this.#core.link?.closed;
    await this.#core.settled;
  }

  /** A vmhost that does not do as told is killed: without it the kernel ends its QEMU too. */
  async byForce(link: VmhostLink, error: Error): Promise<void> {
    const { dir, dependencies, record } = this.#core;
    const stuck = isNookError(error) && error.code === 'timeout';
    const identity = stuck ? await identityOnDisk(dir) : undefined;
    if (identity && killExactly(identity)) {
      dependencies.log.warn({ vm: record.name, error: error.message }, 'vmhost does not obey, it was killed');
    }
    // Otherwise it is ending: it was gone before its answer could be read.
    await link.closed;
  }

  removeNow(force: boolean): Promise<void> {
    const core = this.#core;
    core.removal ??= (async () => {
      const { dependencies, record } = core;
      core.supervision.close();
      await core.features.leave(force);
      await rm(core.dir, { recursive: true, force: true });
      dependencies.records.transaction(() => {
        dependencies.records.delete(record.id);
        dependencies.network.release(record.id);
      });
      await dependencies.layers.collect();
      this.#onRemoved();
      const { name, id } = core.record;
      dependencies.events.publish('vm.removed', { name, id }, { durable: true });
    })().catch((error) => {
      core.removal = undefined;
      throw error;
    });
    return core.removal;
  }
}
