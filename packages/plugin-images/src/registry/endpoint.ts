import { Fetcher, type FetchOptions, type Patience } from './fetcher.ts';
import type { Place } from './registry-settings.ts';
import { isWithoutTls } from './tls-errors.ts';

export interface Answer {
  readonly response: Response;
  readonly fetcher: Fetcher;
  readonly host: string;
}

/** One of the places where a registry's images are, as it is spoken to. */
export class Endpoint {
  /** What credentials are kept under. */
  readonly name: string;
  authorization: string | undefined;
  readonly #patience: Patience | undefined;
  readonly #plain: URL | undefined;
  #base: URL;
  #fetcher: Fetcher;

  constructor({ base, name, unverified, plain }: Place, patience: Patience | undefined) {
    this.name = name;
    this.#base = base;
    this.#plain = plain;
    this.#patience = patience;
    this.#fetcher = new Fetcher(base, { patience, unverified });
  }

  /** Where there turns out to be no TLS, and the user will do without, it is done without from then on. */
  async fetch(path: string, options: FetchOptions): Promise<Answer> {
    for (;;) {
      const base = this.#base;
      const fetcher = this.#fetcher;
      const url = new URL(`${base.pathname.replace(/\/$/, '')}/v2/${path}`, base);
      try {
        return { response: await fetcher.fetch(url, options), fetcher, host: base.host };
      } catch (error) {
        const plain = this.#plain;
        if (options.signal.aborted || plain === undefined || base === plain || !isWithoutTls(error)) throw error;
        if (this.#base !== base) continue;
        this.#base = plain;
        this.#fetcher = new Fetcher(plain, { patience: this.#patience });
      }
    }
  }
}
