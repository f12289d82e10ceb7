import { isNookError } from '@nook/daemonapi';
import { withoutUserinfo } from '../userinfo.ts';
import { registryErrors } from './errors.ts';
import { fetchUnverified } from './fetch-unverified.ts';
import { ATTEMPTS, backoff, mayRecover, pause, REFUSED_ATTEMPTS } from './retry.ts';
import { isDistrusted, isFinal, isOtherThanTls } from './tls-errors.ts';

export interface FetchOptions {
  readonly signal: AbortSignal;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const MAX_REDIRECTS = 5;

export interface Patience {
  /** For an answer to begin, and for each piece of its body. */
  readonly stallMs: number;
  /** In each such time there must come that many bytes. */
  readonly windowMs: number;
  readonly leastBytes: number;
  /** For the whole of a small document. */
  readonly documentMs: number;
}

/** The words in which a server's faults are told. */
export type Blame = Pick<typeof registryErrors, 'unreachable' | 'untrusted' | 'wrong'>;

interface FetcherOptions {
  readonly patience?: Patience | undefined;
  readonly blame?: Blame;
  /** The certificate of the base's host is not looked at. */
  readonly unverified?: boolean;
}

const PATIENCE: Patience = { stallMs: 30_000, windowMs: 30_000, leastBytes: 8192, documentMs: 120_000 };

/** HTTP as registries need it: bounded redirects that carry no credentials to another host, attempts anew, deadlines. */
export class Fetcher {
  readonly #base: URL;
  readonly #patience: Patience;
  readonly #blame: Blame;
  readonly #unverified: boolean;

  /** @param base where the registry is: spoken to without TLS when its URL says http */
  constructor(base: URL, { patience = PATIENCE, blame = registryErrors, unverified = false }: FetcherOptions = {}) {
    this.#base = base;
    this.#patience = patience;
    this.#blame = blame;
    this.#unverified = unverified;
  }

  /** Without TLS, only what the user wants so: the registry's own host, and from this machine's this machine's. */
  allows(url: URL): boolean {
    if (url.protocol === 'https:') return true;
    if (url.protocol !== 'http:' || this.#base.protocol !== 'http:') return false;
    return url.host === this.#base.host || (isLoopback(url) && isLoopback(this.#base));
  }

  /** The pieces of a body. @throws when one is waited for too long, or when they come too slowly */
  pieces(response: Response): AsyncGenerator<Uint8Array> {
    return this.#pieces(response, Number.POSITIVE_INFINITY);
  }

  async *#pieces(response: Response, withinMs: number): AsyncGenerator<Uint8Array> {
    const reader = response.body?.getReader();
    if (reader === undefined) return;
    const { stallMs, windowMs, leastBytes } = this.#patience;
    const begun = performance.now();
    let since = begun;
    let bytes = 0;
    try {
      for (;;) {
        const stalled = Promise.withResolvers<never>();
        const leftMs = Math.max(withinMs - (performance.now() - begun), 0);
        const why =
          leftMs < stallMs ? `it was not whole after ${withinMs / 1000} s` : `nothing came for ${stallMs / 1000} s`;
        const timer = setTimeout(() => stalled.reject(new Error(why)), Math.min(stallMs, leftMs));
        const { done, value } = await Promise.race([reader.read(), stalled.promise]).finally(() => clearTimeout(timer));
        if (done) return;
        bytes += value.length;
        if (performance.now() - since > windowMs) {
          if (bytes < leastBytes) throw new Error(`only ${bytes} bytes came in ${windowMs / 1000} s`);
          since = performance.now();
          bytes = 0;
        }
        yield value;
      }
    } finally {
      await reader.cancel().catch(() => {});
    }
  }

  /**
   * A whole body.
   * @throws NookError `operation_failed` when it is longer than `limit` bytes, `unavailable` when it does not come in time
   */
  async bytes(response: Response, limit: number): Promise<Buffer> {
    const pieces: Uint8Array[] = [];
    let size = 0;
    try {
      for await (const piece of this.#pieces(response, this.#patience.documentMs)) {
        size += piece.length;
        if (size > limit) throw this.#blame.wrong(this.#base.host, `more than ${limit} bytes for a small document`);
        pieces.push(piece);
      }
    } catch (error) {
      if (isNookError(error)) throw error;
      throw this.#blame.unreachable(this.#base.host, reasonOf(error), error);
    }
    return Buffer.concat(pieces);
  }

  /** @throws NookError `unavailable` when no answer comes; what the answer's status means is the caller's */
  async fetch(url: URL, options: FetchOptions): Promise<Response> {
    for (let attempt = 0; ; attempt += 1) {
      const last = attempt === ATTEMPTS - 1;
      try {
        const response = await this.#follow(url, options);
        if (last || !mayRecover(response.status)) return response;
        await response.body?.cancel();
        await pause(backoff(attempt, response.headers.get('retry-after'), Date.now()), options.signal);
      } catch (error) {
        if (options.signal.aborted || (error as Error).name === 'NookError') throw error;
        if (isDistrusted(error)) throw this.#blame.untrusted(url.host, reasonOf(error), error);
        if (attempt + 1 >= attemptsAt(url, error)) throw this.#blame.unreachable(url.host, reasonOf(error), error);
        await pause(backoff(attempt, null, Date.now()), options.signal);
      }
    }
  }

  async #follow(start: URL, options: FetchOptions): Promise<Response> {
    const { stallMs } = this.#patience;
    let url = start;
    let headers: Record<string, string> = { 'user-agent': 'nook', ...options.headers };
    for (let followed = 0; followed <= MAX_REDIRECTS; followed += 1) {
      const stalled = new AbortController();
      const timer = setTimeout(() => stalled.abort(new Error(`no answer in ${stallMs / 1000} s`)), stallMs);
      let response: Response;
      try {
        const signal = AbortSignal.any([options.signal, stalled.signal]);
        const { method = 'GET', body } = options;
        const request = { method, headers, signal, ...(body ? { body } : {}) };
        const unverified = this.#unverified && url.protocol === 'https:' && url.hostname === this.#base.hostname;
        response = await (unverified
          ? fetchUnverified(url, request)
          : fetch(url.href, { ...request, redirect: 'manual' }));
      } finally {
        clearTimeout(timer);
      }
      const location = response.headers.get('location');
      if (response.status < 300 || response.status > 399 || location === null) return response;
      await response.body?.cancel();
      const next = URL.canParse(location, url.href) ? new URL(location, url.href) : undefined;
      if (next === undefined || !this.allows(next)) {
        throw this.#blame.wrong(url.host, 'a redirect to a place that is no https URL');
      }
      if (next.host !== url.host) {
        const { authorization: _, ...others } = headers;
        headers = others;
      }
      url = next;
    }
    throw this.#blame.wrong(start.host, `more than ${MAX_REDIRECTS} redirects`);
  }
}

export function isLoopback({ hostname }: { readonly hostname: string }): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

/** How many attempts in all an error is worth. */
function attemptsAt(url: URL, error: unknown): number {
  const code = (error as { cause?: { code?: string } }).cause?.code ?? '';
  if (code === 'ECONNREFUSED') return isLoopback(url) ? 1 : REFUSED_ATTEMPTS;
  return isFinal(error) ? 1 : ATTEMPTS;
}

function reasonOf(error: unknown): string {
  if (isOtherThanTls(error)) return 'it does not speak TLS';
  const { cause, message } = error as { cause?: { code?: string; message?: string }; message: string };
  return withoutUserinfo(cause?.message || cause?.code || message);
}
