import { join } from 'node:path';
import { NookError } from '@nook/daemonapi';
import { RpcClient } from '@nook/wire';
import { type HostStatus, VM_FILES } from '../vmhost/host-spec.ts';

const CONNECT_MS = 2_000;
/** A vmhost answers at once; one that does not within this time is stuck. */
export const ANSWER_MS = 5_000;

/** The daemon's connection to one vmhost: calls, and every change of the VM as it happens. */
export class VmhostLink {
  /** Settles when the vmhost is gone. */
  readonly closed: Promise<void>;
  onStatus: (status: HostStatus) => void = () => {};
  readonly #client: RpcClient;
  #status: HostStatus | undefined;
  #waiting = new Set<() => void>();

  private constructor(client: RpcClient, opId: string | undefined) {
    this.#client = client;
    this.closed = client.closed;
    void this.closed.then(() => this.#wake());
    client
      .call(
        'watch',
        {},
        { ...(opId === undefined ? {} : { opId }), onEvent: ({ data }) => this.#receive(data as HostStatus) },
      )
      .catch(() => {})
      .finally(() => client.close());
  }

  /** @throws NookError when nobody listens there, or when it is not the vmhost with this token */
  static async connect(dir: string, token: string, opId?: string): Promise<VmhostLink> {
    const client = await RpcClient.connect(join(dir, VM_FILES.socket), { timeoutMs: CONNECT_MS });
    try {
      const hello = (await client.call(
        'hello',
        {},
        { timeoutMs: ANSWER_MS, ...(opId === undefined ? {} : { opId }) },
      )) as {
        token: string;
      };
      if (hello.token !== token) throw new NookError('conflict', 'Another vmhost listens in this VM’s folder.');
    } catch (error) {
      client.close();
      throw error;
    }
    return new VmhostLink(client, opId);
  }

  get status(): HostStatus | undefined {
    return this.#status;
  }

  call<T>(
    method: string,
    params: object,
    options: { opId: string; timeoutMs: number; signal?: AbortSignal },
  ): Promise<T> {
    return this.#client.call(method, params, options) as Promise<T>;
  }

  /** Resolves when `test` holds of the status; false when the vmhost is gone before. */
  async until(test: (status: HostStatus) => boolean, signal: AbortSignal): Promise<boolean> {
    let gone = false;
    void this.closed.then(() => {
      gone = true;
    });
    for (;;) {
      if (this.#status && test(this.#status)) return true;
      if (gone) return false;
      signal.throwIfAborted();
      await this.#nextChange(signal);
    }
  }

  close(): void {
    this.#client.close();
  }

  #receive(status: HostStatus): void {
    this.#status = status;
    this.onStatus(status);
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const wake of waiting) wake();
  }

  #nextChange(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }
}
