import { AsyncLocalStorage } from 'node:async_hooks';

/** The op id of whatever runs now, followed through every await. One for each engine. */
export class OpContext {
  readonly #storage = new AsyncLocalStorage<string>();

  get opId(): string | undefined {
    return this.#storage.getStore();
  }

  run<T>(opId: string, work: () => T): T {
    return this.#storage.run(opId, work);
  }
}
