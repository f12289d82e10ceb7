import { join } from 'node:path';
import { isNookError, NookError, type Progress } from '@nook/daemonapi';
import type { CameUp } from '../contract.ts';
import type { VmhostLink } from '../hosts/vmhost-link.ts';
import { readEndOfBoot } from '../hosts/vmhost-process.ts';
import type { Claim } from '../pool/pool.ts';
import { discardSaved, readSaved, SAVED_FOLDER, type SavedManifest } from '../saved/saved-machine.ts';
import { cannotResume } from '../saved/suspend.ts';
import { keptMemory } from '../saved/take-up.ts';
import { lastWords } from '../supervision/last-words.ts';
import { BringUp, type StartRequest } from './bring-up.ts';
import type { Caller } from './dependencies.ts';
import { type MachineCore, paused } from './machine-core.ts';
import type { MachineLink } from './machine-link.ts';
import { guestPinOf } from './pinned-guest.ts';
import { pinOf } from './pinned-kernel.ts';
import { bootSteps } from './view.ts';

/** How a machine comes up, and how a start is given up. */
export class MachineStart {
  readonly #core: MachineCore;
  readonly #link: MachineLink;
  #underWay: AbortController | undefined;
  #claim: Claim | undefined;

  constructor(core: MachineCore, link: MachineLink) {
    this.#core = core;
    this.#link = link;
  }

  get underWay(): boolean {
    return this.#underWay !== undefined;
  }

  /** The next start makes this VM of a machine that waits already. */
  takeOver(claim: Claim): void {
    this.#claim = claim;
  }

  giveUp(cause: string): void {
    const { name } = this.#core.record;
    this.#underWay?.abort(new NookError('cancelled', `The start of '${name}' was given up: ${cause}.`));
  }

  /** A VM that was suspended goes on. @throws NookError `conflict` when it cannot; its memory is kept then */
  async run(caller: Caller, options: StartRequest): Promise<void> {
    const core = this.#core;
    if (core.record.state === 'paused') throw paused(core.record.name);
    if (core.link) return;
    core.requireReadable();
    this.#underWay = new AbortController();
    const signal = AbortSignal.any([caller.signal, this.#underWay.signal]);
    try {
      const starter = { opId: caller.opId, progress: (update: Progress) => caller.progress(update), signal };
      await core.dependencies.activity.start(() => this.#bringUp(starter, options));
    } finally {
      this.#underWay = undefined;
    }
  }

  async #bringUp(caller: Caller, options: StartRequest): Promise<void> {
    const core = this.#core;
    const { clock, templates } = core.dependencies;
    // Before anything is lost, and again with nothing between it and the state that counts.
    this.#requireRoom();
    const saved = await this.#savedFor(options);
    const { next } = core.record.shape;
    if (next !== undefined && !saved) core.reshape({ ...next, next: undefined });
    const { kernel, guest } = core.record.run;
    const boot = core.record.run.boot + 1;
    const claim = this.#claim && { op_id: caller.opId, session_expected: options.sessionExpected };
    this.#requireRoom();
    core.set({
      state: 'starting',
      cause: undefined,
      run: {
        ...{ boot, steps: [], started_at: clock.now(), claim, kernel, guest },
        ...this.#claim?.member.record.run,
      },
    });
    try {
      const { context, steps, came_up, fallback } = await this.#bringingUp(caller, { ...options, boot, saved });
      this.#link.adopt(context.link as VmhostLink, context.token, {
        ...core.record.run,
        ...{ steps, came_up, claim: undefined, ...(fallback === undefined ? {} : { fallback }) },
        kernel: context.kernel && pinOf(context.kernel, core.record, core.dependencies),
        guest: context.guest && guestPinOf(context.guest),
        accelerator: context.setup?.accelerator,
        machine: context.setup?.machine,
        driver_version: context.setup?.version,
        limits: context.limits,
        vmhost: context.vmhost,
      });
      // Nobody waits for it.
      setImmediate(() => this.#keepTimes(came_up));
      if (came_up === 'cold' && boot === 1) templates.onColdBoot(core.record);
    } catch (error) {
      await this.#failed(error as Error, { boot, saved, options });
      throw error;
    }
  }

  async #failed(
    error: Error,
    start: { readonly boot: number; readonly saved: SavedManifest | undefined; readonly options: StartRequest },
  ): Promise<void> {
    const core = this.#core;
    const cancelled = isNookError(error) && error.code === 'cancelled';
    const kept = start.saved && (await keptMemory(core.dir, core.disk));
    const end = await readEndOfBoot(core.dir, start.boot);
    const last = cancelled ? {} : await lastWords(core.dir, end, { boot: start.boot, phase: undefined });
    if (cancelled && !start.options.supervised) core.supervision.asked('stopped');
    core.set({
      state: kept ? 'suspended' : cancelled ? 'stopped' : 'failed',
      cause: error.message,
      run: { ...core.record.run, ...last, ended_at: core.dependencies.clock.now() },
    });
  }

  /** @throws NookError `unavailable`; what a member of the pool takes it has already */
  #requireRoom(): void {
    const { name, shape } = this.#core.record;
    if (!this.#claim) this.#core.dependencies.admission.require(`VM '${name}'`, shape.memory_bytes);
  }

  /** What a start goes on from. @throws NookError `conflict` when a suspended VM has lost it */
  async #savedFor({ discardMemory }: StartRequest): Promise<SavedManifest | undefined> {
    const { record, dir } = this.#core;
    if (record.state !== 'suspended') return undefined;
    if (discardMemory) {
      await discardSaved(join(dir, SAVED_FOLDER));
      return undefined;
    }
    const saved = await readSaved(join(dir, SAVED_FOLDER));
    if (!saved) throw cannotResume(record.name, new Error('its saved memory is gone'));
    return saved;
  }

  #bringingUp(
    caller: Caller,
    options: StartRequest & { readonly boot: number; readonly saved: SavedManifest | undefined },
  ): ReturnType<BringUp['run']> {
    const claim = this.#claim;
    this.#claim = undefined;
    const { record, dir, features, dependencies } = this.#core;
    return new BringUp({ record, dir, features, dependencies }, caller, options).run(claim);
  }

  #keepTimes(way: CameUp): void {
    const { record, link, dependencies } = this.#core;
    try {
      dependencies.usualTimes.record(way, bootSteps(record.run.steps, link?.status));
    } catch (error) {
      dependencies.log.debug({ error: String(error) }, 'the times of a start were not kept');
    }
  }
}
