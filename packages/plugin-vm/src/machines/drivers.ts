import { NookError, type VmDriver, type VmDriverCapability } from '@nook/daemonapi';

const HOW = "A driver comes with the plugin that contributes it: import that in the daemon's entry file.";

/** The drivers that this daemon has, by name. */
export class Drivers {
  readonly #contributed: () => readonly VmDriver[];

  /** @param contributed complete from the end of everyone's `setup` */
  constructor(contributed: () => readonly VmDriver[]) {
    this.#contributed = contributed;
  }

  /** @throws NookError `unavailable` when there is none called `chosen` */
  check(chosen: string): void {
    const names = this.#names();
    if (!names.includes(chosen)) {
      throw new NookError(
        'unavailable',
        `No imported plugin contributes the driver '${chosen}' that [vm] driver names.`,
        {
          hint: `${HOW} There is: ${names.join(', ')}.`,
        },
      );
    }
  }

  /** @throws NookError `unavailable` for the driver of an earlier daemon that this one does not have */
  of(vm: { readonly name: string; readonly driver: string }): VmDriver {
    const driver = this.#contributed().find(({ name }) => name === vm.driver);
    if (driver !== undefined) return driver;
    throw new NookError(
      'unavailable',
      `VM '${vm.name}' runs on the driver '${vm.driver}', which this daemon does not have.`,
      {
        hint: HOW,
      },
    );
  }

  /** What the processes of machines are called. */
  programs(): readonly string[] {
    return this.#contributed().flatMap(({ programs }) => programs);
  }

  #names(): string[] {
    return this.#contributed().map(({ name }) => name);
  }
}

/**
 * @param what the sentence's end, e.g. `give a VM a network of mode 'user'`
 * @throws NookError `unavailable`
 */
export function requireCapability(driver: VmDriver, capability: VmDriverCapability, what: string): void {
  if (driver.capabilities.includes(capability)) return;
  throw new NookError('unavailable', `Driver '${driver.name}' cannot ${what}.`);
}
