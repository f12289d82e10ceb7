import { isNookError, type Operations } from '@nook/daemonapi';
import { IdleWork } from '../machines/activity.ts';
import type { Caller, Dependencies } from '../machines/dependencies.ts';
import type { MachineRecord } from '../machines/records.ts';
import { type EnsuredTemplate, ensureTemplate, type TemplateShape } from './ensure-template.ts';

interface BuilderOptions {
  readonly dependencies: Dependencies;
  readonly operations: Operations;
  /** How long nobody must have asked anything of VMs before a template is made unasked; undefined: never. */
  readonly idleMs: number | undefined;
}

/** Makes templates: one at a time, when asked to, and for shapes that had to be booted once the host is idle. */
export class TemplateBuilder {
  readonly #options: BuilderOptions;
  readonly #wanted = new Map<string, TemplateShape>();
  readonly #failed = new Set<string>();
  readonly #idleWork: IdleWork | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: BuilderOptions) {
    this.#options = options;
    const { idleMs, dependencies } = options;
    if (idleMs === undefined) return;
    const { activity, templates } = dependencies;
    this.#idleWork = new IdleWork({ activity, idleMs, patient: true, act: () => this.#makeNext() });
    templates.onColdBoot = (record) => this.#consider(record);
  }

  /** The template of this shape, made where there is none. Builds wait for each other. */
  ensure(shape: TemplateShape, caller: Caller): Promise<EnsuredTemplate> {
    const turn = this.#queue.then(() => {
      caller.signal.throwIfAborted();
      return ensureTemplate(shape, this.#options.dependencies, caller);
    });
    this.#queue = turn.catch(() => {});
    return turn;
  }

  stop(): void {
    this.#idleWork?.cancel();
    this.#wanted.clear();
  }

  #consider({ name: vm, shape }: MachineRecord): void {
    const { capabilities } = this.#options.dependencies.drivers.of({ name: vm, driver: shape.driver });
    if (!capabilities.includes('ram_snapshot')) return;
    const { mac, machine_id, network, auto_remove, init, mounts = [], life, ...wanted } = shape;
    // What it would begin as has none of its folders.
    if (mounts.length > 0) return;
    const name = JSON.stringify(wanted);
    if (this.#failed.has(name)) return;
    this.#wanted.set(name, wanted);
    this.#idleWork?.ask();
  }

  #makeNext(): void {
    const [next] = this.#wanted;
    if (!next) return;
    const [name, shape] = next;
    const { operations, dependencies } = this.#options;
    this.#wanted.delete(name);
    const { opId, done } = operations.begin('vm.template.build', (operation) => this.ensure(shape, operation));
    const goOn = () => {
      if (this.#wanted.size > 0) this.#idleWork?.ask();
    };
    done.then(goOn, (error: unknown) => {
      goOn();
      if (isNookError(error) && error.code === 'cancelled') return;
      // Tried again by the next daemon, or when asked to.
      this.#failed.add(name);
      dependencies.log.warn({ op_id: opId, error: String(error) }, 'no template could be made');
    });
  }
}
