import { type Clock, type Logger, NookError } from '@nook/daemonapi';
import type { MachineRecord } from '../machines/records.ts';
import { SealedMemory } from './sealed-memory.ts';
import { type TemplateInputs, templateKey } from './template-key.ts';
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

  /** Takes over a folder from the store, in place of what it makes stale, and keeps no more than is wanted. */
  async publish(dir: string, about: { readonly inputs: TemplateInputs; readonly image_name: string }): Promise<void> {
    await this.store.publish(dir, about);
    await this.store.dropStale(templateKey(about.inputs));
    await this.store.trim(this.#bounds);
    await this.#forgetRemoved();
  }

  /**
   * @param named its key, or the beginning of one
   * @throws NookError `not_found`, or `bad_params` when several begin so
   */
  async remove(named: string): Promise<string> {
    const found = (await this.store.list()).filter(({ key }) => key.startsWith(named));
    const [template] = found;
    if (found.length > 1) {
      throw new NookError('bad_params', `${found.length} templates begin with '${named}'.`, {
        hint: 'Give more of the key.',
      });
    }
    if (!template) {
      throw new NookError('not_found', `There is no template '${named}'.`, {
        hint: 'See what there is: nook vm template list',
      });
    }
    await this.discard(template.key, 'asked to');
    return template.key;
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
