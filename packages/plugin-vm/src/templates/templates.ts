import type { Clock, Logger } from '@nook/daemonapi';
import type { MachineRecord } from '../machines/records.ts';
import { SealedMemory } from './sealed-memory.ts';
import type { TemplateInputs } from './template-key.ts';
import { TemplateStore } from './template-store.ts';

/** A template as a machine is started from it. */
export interface FoundTemplate {
  readonly key: string;
  /** Paths that the process which owns the machine can open. */
  readonly ram: string;
  readonly state: string;
  readonly disk: string;
}

interface TemplatesOptions {
  readonly dir: string;
  readonly bounds: { readonly count: number; readonly bytes: number };
  readonly log: Logger;
  readonly clock: Clock;
}

/** The templates that starts use. */
export class Templates {
  readonly store: TemplateStore;
  /** Told of every VM that was booted for want of a template. */
  onColdBoot: (record: MachineRecord) => void = () => {};
  /** Told of everything that is asked of VMs: nook is not idle then. */
  onActivity: () => void = () => {};
  readonly #bounds: TemplatesOptions['bounds'];
  /** Where each machine has a user of its own, a file that all of them may write to would join them. */
  readonly #sealed = process.getuid?.() === 0 ? new SealedMemory() : undefined;

  constructor({ dir, bounds, log, clock }: TemplatesOptions) {
    this.store = new TemplateStore(dir, { log, clock });
    this.#bounds = bounds;
  }

  async find(inputs: TemplateInputs): Promise<FoundTemplate | undefined> {
    const template = await this.store.find(inputs);
    if (!template) return undefined;
    const { key, state, disk, memory } = template;
    return { key, state, disk, ram: (await this.#sealed?.path(key, memory)) ?? memory };
  }

  /** Keeps no more than is wanted. */
  async trim(): Promise<void> {
    await this.store.trim(this.#bounds);
    await this.#forgetRemoved();
  }

  async discard(key: string, why: string): Promise<void> {
    await this.store.discard(key, why);
    await this.#forgetRemoved();
  }

  async release(): Promise<void> {
    await this.#sealed?.keep([]);
  }

  async #forgetRemoved(): Promise<void> {
    await this.#sealed?.keep((await this.store.list()).map(({ key }) => key));
  }
}
