/** Addresses whose name is remembered of one VM. */
const MOST = 1024;

/** Under which name a VM came to know an address. */
export class KnownNames {
  readonly #of = new Map<string, Map<string, string>>();

  add(vm: string, name: string, addresses: readonly string[]): void {
    const known = this.#of.get(vm) ?? new Map<string, string>();
    this.#of.set(vm, known);
    for (const address of addresses) {
      known.delete(address);
      known.set(address, name);
    }
    for (const oldest of known.keys()) {
      if (known.size <= MOST) break;
      known.delete(oldest);
    }
  }

  find(vm: string, address: string): string | undefined {
    return this.#of.get(vm)?.get(address);
  }

  forget(vm: string): void {
    this.#of.delete(vm);
  }
}
