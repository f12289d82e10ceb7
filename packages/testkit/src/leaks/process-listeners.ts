type Listener = { readonly event: string | symbol; readonly listener: unknown };

/** The listeners on `process` that somebody's code has added since, and not taken away. */
export class ProcessListeners implements Disposable {
  readonly #added: Listener[] = [];
  readonly #mine: () => boolean;

  /** @param mine whether the code that runs right now is that which is watched */
  constructor(mine: () => boolean) {
    this.#mine = mine;
    process.on('newListener', this.#onAdd);
    process.on('removeListener', this.#onRemove);
  }

  /** One sentence for each. */
  left(): string[] {
    return this.#added.map(({ event }) => `a listener on process '${String(event)}'`);
  }

  [Symbol.dispose](): void {
    process.off('newListener', this.#onAdd);
    process.off('removeListener', this.#onRemove);
  }

  readonly #onAdd = (event: string | symbol, listener: unknown): void => {
    if (this.#mine()) this.#added.push({ event, listener });
  };

  readonly #onRemove = (event: string | symbol, listener: unknown): void => {
    const index = this.#added.findIndex((added) => added.event === event && added.listener === listener);
    if (index !== -1) this.#added.splice(index, 1);
  };
}
