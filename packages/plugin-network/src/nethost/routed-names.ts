import type { Realisation } from './realisation.ts';

/** Whether the host itself asks the network's name server. */
export class RoutedNames {
  /** What is to be done that it does. */
  unrouted: string | undefined;
  readonly #realisation: Realisation;
  readonly #address: string;

  constructor(realisation: Realisation, address: string) {
    this.#realisation = realisation;
    this.#address = address;
  }

  async route(): Promise<void> {
    this.unrouted = await this.#realisation.named?.(this.#address);
  }
}
