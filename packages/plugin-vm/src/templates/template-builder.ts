import { isNookError, type Operations } from '@nook/daemonapi';
import type { Caller, Dependencies } from '../machines/dependencies.ts';
import type { MachineRecord } from '../machines/records.ts';
import { buildTemplate, type TemplateShape } from './build-template.ts';
import { HostLoad } from './host-load.ts';

interface BuilderOptions {
  readonly dependencies: Dependencies;
  readonly operations: Operations;
  /** How long nobody must have asked anything of VMs before a template is made unasked; undefined: never. */
  readonly idleMs: number | undefined;
}

/** A host that is busier than this has something better to do. */
const BUSY_SHARE = 0.5;

/** Makes templates: one at a time, when asked to, and for shapes that had to be booted once the host is idle. */
export class TemplateBuilder {
  readonly #options: BuilderOptions;
  readonly #wanted = new Map<string, TemplateShape>();
  readonly #failed = new Set<string>();
  #queue: Promise<unknown> = Promise.resolve();
  readonly #load = new HostLoad();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: BuilderOptions) {
    this.#options = options;
    const { templates } = options.dependencies;
    templates.onColdBoot = (record) => this.#consider(record);
    templates.onActivity = () => this.#rest();
  }

  /** @returns the template's key. Builds wait for each other. */
  build(shape: TemplateShape, caller: Caller): Promise<string> {
    const turn = this.#queue.then(() => buildTemplate(shape, this.#options.dependencies, caller));
    this.#queue = turn.catch(() => {});
    return turn;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #consider({ shape }: MachineRecord): void {
    if (this.#options.idleMs === undefined) return;
    const { mac, machine_id, network, auto_remove, init, mounts = [], ...wanted } = shape;
    // What it would begin as has none of its folders.
    if (mounts.length > 0) return;
    const name = JSON.stringify(wanted);
    if (this.#failed.has(name)) return;
    this.#wanted.set(name, wanted);
    this.#rest();
  }

  /** The time of idleness begins anew. */
  #rest(): void {
    clearTimeout(this.#timer);
    if (this.#wanted.size === 0 || this.#stopped) return;
    this.#load.reset();
    this.#timer = setTimeout(() => {
      if (this.#load.share() > BUSY_SHARE) this.#rest();
      else this.#buildNext();
    }, this.#options.idleMs);
    this.#timer.unref();
  }

  #buildNext(): void {
    const [next] = this.#wanted;
    if (!next || this.#stopped) return;
    const [name, shape] = next;
    const { operations, dependencies } = this.#options;
    const { opId, done } = operations.begin('vm.template.build', async (operation) => ({
      template: await this.build(shape, operation),
    }));
    this.#wanted.delete(name);
    done.then(
      () => this.#rest(),
      (error: unknown) => {
        this.#rest();
        if (isNookError(error) && error.code === 'cancelled') return;
        // Tried again by the next daemon, or when asked to.
        this.#failed.add(name);
        dependencies.log.warn({ op_id: opId, error: String(error) }, 'no template could be made');
      },
    );
  }
}
