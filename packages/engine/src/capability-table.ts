import { NookError } from '@nook/daemonapi';

interface Provider {
  readonly plugin: string;
  readonly implementation: object;
}

export interface Need {
  readonly plugin: string;
  readonly capability: string;
  readonly required: boolean;
}

/** Who provides what, who needs what, and when it may be called. */
export class CapabilityTable {
  readonly #providers = new Map<string, Provider[]>();
  readonly #needs: Need[] = [];
  readonly #whyServesNot: (plugin: string) => string | undefined;
  #phase: 'wiring' | 'open' | 'closed' = 'wiring';

  /** @param whyNot why a plugin does not serve, to be said after its name; undefined when it does */
  constructor(whyNot: (plugin: string) => string | undefined) {
    this.#whyServesNot = whyNot;
  }

  /** From now on handles may be called. */
  open(): void {
    this.#phase = 'open';
  }

  close(): void {
    this.#phase = 'closed';
  }

  provide(plugin: string, capability: string, implementation: object): void {
    const providers = this.#providers.get(capability) ?? [];
    providers.push({ plugin, implementation });
    this.#providers.set(capability, providers);
  }

  need(need: Need): object {
    this.#needs.push(need);
    return this.#handle(need.capability);
  }

  get needs(): readonly Need[] {
    return this.#needs;
  }

  providersOf(capability: string): readonly string[] {
    return (this.#providers.get(capability) ?? []).map(({ plugin }) => plugin);
  }

  /** Capability → plugins, for the check that each has one. */
  provided(): readonly { readonly capability: string; readonly plugins: readonly string[] }[] {
    return [...this.#providers.keys()].map((capability) => ({ capability, plugins: this.providersOf(capability) }));
  }

  /** The implementation now. @throws NookError `unavailable` with the reason */
  #resolve(capability: string): object {
    const provider = this.#providers.get(capability)?.[0];
    const reason = this.#whyNot(provider);
    if (provider !== undefined && reason === undefined) return provider.implementation;
    throw new NookError('unavailable', `The capability '${capability}' cannot be called: ${reason}.`);
  }

  #whyNot(provider: Provider | undefined): string | undefined {
    if (this.#phase === 'wiring') return 'not all plugins are set up yet';
    if (this.#phase === 'closed') return 'the daemon has stopped';
    if (provider === undefined) return 'no plugin provides it';
    const reason = this.#whyServesNot(provider.plugin);
    return reason === undefined ? undefined : `plugin '${provider.plugin}' is ${reason}`;
  }

  /** Stands for the capability from the moment it is asked for; what it stands for is looked up at each call. */
  #handle(capability: string): object {
    const methods = new Map<PropertyKey, unknown>();
    return new Proxy(Object.create(null) as object, {
      get: (_, property) => {
        if (property === 'available') return this.#whyNot(this.#providers.get(capability)?.[0]) === undefined;
        const implementation = this.#providers.get(capability)?.[0]?.implementation;
        const known = implementation === undefined ? undefined : Reflect.get(implementation, property);
        // A handle is no promise, and is asked whether it is one whenever it is awaited.
        if (typeof property === 'symbol' || property === 'then') return undefined;
        if (known !== undefined && typeof known !== 'function') {
          this.#resolve(capability);
          return known;
        }
        let method = methods.get(property);
        if (method === undefined) {
          method = (...args: unknown[]) => {
            const target = this.#resolve(capability);
            const called = Reflect.get(target, property);
            if (typeof called !== 'function') {
              throw new NookError('internal', `The capability '${capability}' has no '${property}'.`);
            }
            return Reflect.apply(called, target, args);
          };
          methods.set(property, method);
        }
        return method;
      },
    });
  }
}
