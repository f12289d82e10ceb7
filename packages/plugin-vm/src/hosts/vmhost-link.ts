import { join } from 'node:path';
import { isNookError, NookError } from '@nook/daemonapi';
import { RpcClient } from '@nook/wire';
import { CONTROL_VERSION } from '../vmhost/control-version.ts';
import { type HostStatus, VM_FILES } from '../vmhost/host-spec.ts';

const CONNECT_MS = 2_000;
/** A vmhost answers at once; one that does not within this time is stuck. */
export const ANSWER_MS = 5_000;

/** The daemon's connection to one vmhost: calls, and every change of the VM as it happens. */
export class VmhostLink {
  /** Settles when the vmhost is gone. */
  readonly closed: Promise<void>;
  onStatus: (status: HostStatus) => void = () => {};
  /** What its VM is called now, for people. */
  nameOfVm: () => string = () => 'VM';
  readonly #client: RpcClient;
  /** That the vmhost has said; undefined until then. */
  #version: number | undefined;
  #status: HostStatus | undefined;
  #waiting = new Set<() => void>();
  #gone = false;

  /** Settles when the vmhost has said who it is; a vmhost that is stuck may do so late, or never. */
  readonly #greeted: Promise<void>;

  private constructor(client: RpcClient, token: string, opId: string | undefined) {
    this.#client = client;
    this.closed = client.closed;
    void this.closed.then(() => {
      this.#gone = true;
      this.#wake();
    });
    const options = opId === undefined ? {} : { opId };
    this.#greeted = client.call('hello', {}, options).then((hello) => {
      const { token: theirs, version } = hello as { token: string; version: number };
      this.#version = version;
      if (theirs !== token) {
        client.close();
        throw new NookError('conflict', 'Another vmhost listens in the folder of this VM.');
      }
      client
        .call('watch', {}, { ...options, onEvent: ({ data }) => this.#receive(data as HostStatus) })
        .catch(() => {})
        .finally(() => client.close());
    });
    this.#greeted.catch(() => {});
  }

  /** Connects, also to a vmhost that is stuck. @throws NookError when nobody listens there */
  static async open(dir: string, token: string): Promise<VmhostLink> {
    return new VmhostLink(
      await RpcClient.connect(join(dir, VM_FILES.socket), { timeoutMs: CONNECT_MS }),
      token,
      undefined,
    );
  }

  /** Connects to a vmhost that answers. @throws NookError when nobody does, or when it is not the one with this token */
  static async connect(dir: string, token: string, opId: string): Promise<VmhostLink> {
    const client = await RpcClient.connect(join(dir, VM_FILES.socket), { timeoutMs: CONNECT_MS });
    const link = new VmhostLink(client, token, opId);
    const late = setTimeout(() => client.close(), ANSWER_MS);
    await link.#greeted.finally(() => clearTimeout(late));
    return link;
  }

  get status(): HostStatus | undefined {
    return this.#status;
  }

  /** @throws NookError what the vmhost throws, `timeout`, `unavailable` when it is of an earlier nook without the method */
  async call<T>(
    method: string,
    params: object,
    options: { opId: string; timeoutMs: number; signal?: AbortSignal },
  ): Promise<T> {
    try {
      return (await this.#client.call(method, params, options)) as T;
    } catch (error) {
      throw isNookError(error) && error.code === 'unknown_method' ? this.#tooOld(method, error) : error;
    }
  }

  /** Resolves when `test` holds of the status; false when the vmhost is gone before. */
  async until(test: (status: HostStatus) => boolean, signal: AbortSignal): Promise<boolean> {
    for (;;) {
      if (this.#status && test(this.#status)) return true;
      if (this.#gone) return false;
      signal.throwIfAborted();
      await this.#nextChange(signal);
    }
  }

  /** Resolves when the vmhost is gone. @throws the signal's reason */
  async untilClosed(signal: AbortSignal): Promise<void> {
    await this.until(() => false, signal);
  }

  close(): void {
    this.#client.close();
  }

  /** A vmhost outlives upgrades of the daemon. */
  #tooOld(method: string, cause: unknown): NookError {
    const name = this.nameOfVm();
    return new NookError(
      'unavailable',
      `The vmhost of VM '${name}' is of an earlier nook, which could not do this yet.`,
      {
        hint: `Restart the VM: nook vm restart ${name}`,
        details: { method, vmhost_version: this.#version, version: CONTROL_VERSION },
        cause,
      },
    );
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
