import type { Duplex } from 'node:stream';
import type { Progress, RpcMethods } from '@nook/daemonapi';
import { byteStream, mintOpId, type RpcClient } from '@nook/wire';
import { type ConnectOptions, connectOrStart } from './connect-or-start.ts';

export interface ClientOptions extends ConnectOptions {
  /** Carried by every call; minted for each one when absent. */
  readonly opId?: string;
}

export interface CallOptions {
  readonly onProgress?: (progress: Progress) => void;
  /** Cancels the call. */
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  readonly idempotencyKey?: string;
}

type Method = keyof RpcMethods & string;

/** Calls to the daemon, typed by what the imported contracts declare. */
export interface NookClient {
  /** @throws NookError as the daemon answered it, with `opId`; as {@link connectOrStart} when there is no daemon */
  call<M extends Method>(
    method: M,
    params: RpcMethods[M]['params'],
    options?: CallOptions,
  ): Promise<RpcMethods[M]['result']>;
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
    const client = await this.#connect();
    return client.call(method, params as object, { opId: this.#opId(), ...options }) as Promise<
      RpcMethods[M]['result']
    >;
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
