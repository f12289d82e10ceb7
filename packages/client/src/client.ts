import type { Duplex } from 'node:stream';
import type { ItemOf, PagedMethod, Progress, ReceivedEvent, RpcMethods } from '@nook/daemonapi';
import { byteStream, ConnectionLost, mintOpId, type RpcClient } from '@nook/wire';
import { allPages } from './all-pages.ts';
import { type ConnectOptions, connectOrStart } from './connect-or-start.ts';

export interface ClientOptions extends ConnectOptions {
  /** Carried by every call; minted for each one when absent. */
  readonly opId?: string;
}

export interface CallOptions {
  readonly onProgress?: (progress: Progress) => void;
  /** For methods that send events while they are being called, such as `event.subscribe`. */
  readonly onEvent?: (event: ReceivedEvent) => void;
  /** Cancels the call. */
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  /** Minted when absent. The same key with the same params is done once, however often it is sent. */
  readonly idempotencyKey?: string;
}

/** How often a daemon that loses connections at once is tried again. */
const RECONNECTS = 100;

type Method = keyof RpcMethods & string;

/** Calls to the daemon, typed by what the imported contracts declare. */
export interface NookClient {
  /**
   * When the connection is lost before the answer, a call without `onEvent` is sent once more under the same idempotency key: the daemon
   * then answers what became of it.
   * @throws NookError as the daemon answered it, with `opId`; `outcome_unknown` when nobody can tell what became of it;
   *   as {@link connectOrStart} when there is no daemon
   */
  call<M extends Method>(
    method: M,
    params: RpcMethods[M]['params'],
    options?: CallOptions,
  ): Promise<RpcMethods[M]['result']>;
  /**
   * Calls a method that answers in pages until there is no more, or `limit` items are there. An older daemon that knows
   * no pages is asked for all at once.
   * @throws NookError as {@link call}
   */
  list<M extends PagedMethod>(
    method: M,
    params: Omit<RpcMethods[M]['params'], 'after'>,
    options?: CallOptions,
  ): Promise<ItemOf<M>[]>;
  /** Calls a method that turns its connection, one of its own, into a stream of bytes. */
  stream<M extends Method>(
    method: M,
    params: RpcMethods[M]['params'],
    options?: CallOptions,
  ): Promise<{ readonly result: RpcMethods[M]['result']; readonly stream: Duplex }>;
  /** Closes the connection that calls share. Streams live on. */
  close(): void;
}

/** A client that connects with its first call, and again with the next one when the connection was lost. */
export function createClient(options: ClientOptions): NookClient {
  return new Client(options);
}

class Client implements NookClient {
  readonly #options: ClientOptions;
  #shared: Promise<RpcClient> | undefined;
  #closed = false;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  async call<M extends Method>(
    method: M,
    params: RpcMethods[M]['params'],
    options: CallOptions = {},
  ): Promise<RpcMethods[M]['result']> {
    const keyed = { opId: this.#opId(), idempotencyKey: mintOpId(), ...options };
    const send = (client: RpcClient) =>
      client.call(method, params as object, keyed) as Promise<RpcMethods[M]['result']>;
    const client = await this.#connect();
    try {
      return await send(client);
    } catch (error) {
      const again =
        mayAskAgain(error, method) &&
        options.onEvent === undefined &&
        !this.#closed &&
        options.signal?.aborted !== true;
      const next = again ? await this.#reconnect(client) : undefined;
      if (next === undefined) throw error;
      return await send(next);
    }
  }

  list<M extends PagedMethod>(
    method: M,
    params: Omit<RpcMethods[M]['params'], 'after'>,
    options: CallOptions = {},
  ): Promise<ItemOf<M>[]> {
    const ask = (page: object) => this.call(method, page as RpcMethods[M]['params'], options);
    return allPages(ask, params) as Promise<ItemOf<M>[]>;
  }

  async stream<M extends Method>(
    method: M,
    params: RpcMethods[M]['params'],
    options: CallOptions = {},
  ): Promise<{ readonly result: RpcMethods[M]['result']; readonly stream: Duplex }> {
    const opId = this.#opId();
    const client = await connectOrStart(this.#options);
    try {
      const { result, channel } = await client.upgrade(method, params as object, { opId, ...options });
      return { result: result as RpcMethods[M]['result'], stream: byteStream(channel, opId) };
    } catch (error) {
      client.close();
      throw error;
    }
  }

  close(): void {
    this.#closed = true;
    this.#shared?.then(
      (client) => client.close(),
      () => {},
    );
    this.#shared = undefined;
  }

  /** @returns nothing when there is no daemon, or none that remembers idempotency keys */
  async #reconnect(lost: RpcClient): Promise<RpcClient | undefined> {
    // What closes it may not have been told to everyone yet.
    await lost.closed;
    for (let attempt = 1; attempt <= RECONNECTS; attempt++) {
      try {
        const client = await this.#connect();
        const { features } = (await client.call('ping')) as { readonly features?: readonly string[] };
        return features?.includes('idempotency_keys') === true ? client : undefined;
      } catch (error) {
        // A process that is being killed still takes connections after it has lost those that it had.
        if (!(error instanceof ConnectionLost)) return undefined;
      }
    }
    return undefined;
  }

  #opId(): string {
    return this.#options.opId ?? mintOpId();
  }

  #connect(): Promise<RpcClient> {
    if (this.#shared !== undefined) return this.#shared;
    const shared = connectOrStart(this.#options);
    this.#shared = shared;
    const forget = () => {
      if (this.#shared === shared) this.#shared = undefined;
    };
    shared.then((client) => {
      if (this.#closed) client.close();
      void client.closed.then(forget);
    }, forget);
    return shared;
  }
}

/** A daemon that ends because it was told to is not to be started again only to tell it once more. */
function mayAskAgain(error: unknown, method: string): boolean {
  return error instanceof ConnectionLost && method !== 'shutdown';
}
