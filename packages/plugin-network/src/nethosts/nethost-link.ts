import { join } from 'node:path';
import { isNookError, NookError } from '@nook/daemonapi';
import type { Difference } from '@nook/netstate';
import { RpcClient } from '@nook/wire';
import type { PublishedPort, UsedTarget } from '../contract.ts';
import { type Member, NETHOST_FILES, type NethostInfo } from '../nethost/nethost-spec.ts';
import type { Report } from '../nethost/reports.ts';

const CONNECT_MS = 2_000;
/** A nethost answers at once; one that does not within this time is stuck. */
const ANSWER_MS = 5_000;
/** Before another one takes its place: on a host that is busy, it may only be slow. */
const STUCK_MS = 10_000;
/** It runs some programs. */
const CHANGE_MS = 20_000;

/** A VM that is about to join: all but what its vmhost will hold. */
export type ExpectedMember = Omit<Member, 'held'>;

/** The daemon's connection to one nethost. */
export class NethostLink {
  readonly closed: Promise<void>;
  readonly pid: number;
  /** Those before 2 know no egress rules. */
  readonly version: number;
  readonly #client: RpcClient;
  /** What keeps the network up for VMs that are on their way to it. */
  readonly #expected = new Map<string, AbortController>();

  private constructor(client: RpcClient, { pid, version }: { readonly pid: number; readonly version: number }) {
    this.#client = client;
    this.pid = pid;
    this.version = version;
    this.closed = client.closed;
  }

  /** @throws NookError when nobody answers there, or another one than that with this token */
  static async connect(dir: string, token: string): Promise<NethostLink> {
    const client = await RpcClient.connect(join(dir, NETHOST_FILES.socket), { timeoutMs: CONNECT_MS });
    try {
      const hello = (await client.call('hello', {}, { timeoutMs: ANSWER_MS })) as {
        version: number;
        token: string;
        pid: number;
      };
      if (hello.token !== token)
        throw new NookError('conflict', 'Another nethost listens in the folder of this network.');
      return new NethostLink(client, hello);
    } catch (error) {
      client.close();
      throw error;
    }
  }

  /**
   * The network stays up until this VM is on it, or is not expected any more.
   * @throws NookError `timeout` when the nethost is stuck, `unavailable` or `outcome_unknown` when it is ending or gone
   */
  async expect(member: ExpectedMember, opId?: string): Promise<void> {
    const { vm } = member;
    this.forget(vm);
    const waiting = new AbortController();
    this.#expected.set(vm, waiting);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const options = { signal: waiting.signal, onEvent: () => resolve(), ...(opId === undefined ? {} : { opId }) };
    this.#client
      .call('expect', member, options)
      .then(() => resolve(), reject)
      .finally(() => {
        if (this.#expected.get(vm) === waiting) this.#expected.delete(vm);
      });
    const late = setTimeout(() => reject(this.#stuck(STUCK_MS)), STUCK_MS);
    await promise.finally(() => clearTimeout(late));
  }

  forget(vm: string): void {
    this.#expected.get(vm)?.abort(new NookError('cancelled', 'The VM does not come.'));
  }

  /** All that is published of a VM on the network. @throws NookError `conflict`, `not_found` */
  async publish(vm: string, publish: readonly PublishedPort[], opId: string): Promise<void> {
    await this.#ask('publish', { vm, publish }, { opId, timeoutMs: CHANGE_MS });
  }

  /** The rules of a VM on the network have changed. */
  async egress(vm: string, opId: string): Promise<void> {
    await this.#ask('egress', { vm }, { opId, timeoutMs: CHANGE_MS });
  }

  async used(vm: string): Promise<readonly UsedTarget[]> {
    return (await this.#ask('used', { vm }, { timeoutMs: CHANGE_MS })) as readonly UsedTarget[];
  }

  /** Calls `onReport` with what the nethost has to report, until the link is closed. */
  watch(onReport: (report: Report) => void): void {
    const onEvent = ({ topic, data }: { topic: string; data: unknown }) => onReport({ topic, data } as Report);
    // A nethost of an earlier version has nothing to report.
    this.#client.call('watch', {}, { onEvent }).catch(() => {});
  }

  async info(): Promise<NethostInfo> {
    return (await this.#ask('info', {}, { timeoutMs: ANSWER_MS })) as NethostInfo;
  }

  /** What is not as it should be; an earlier nethost than version 3 does not look. @throws NookError `timeout` */
  async inspect(): Promise<readonly Difference[]> {
    if (this.version < 3) return [];
    return (await this.#ask('inspect', {}, { timeoutMs: CHANGE_MS })) as readonly Difference[];
  }

  /** Has all of it made anew that is not as it should be. */
  async repair(): Promise<void> {
    await this.#ask('repair', {}, { timeoutMs: CHANGE_MS });
  }

  close(): void {
    this.#client.close();
  }

  /** @throws NookError `timeout` with what to do, and what the nethost answers */
  async #ask(method: string, params: object, options: { opId?: string; timeoutMs: number }): Promise<unknown> {
    try {
      return await this.#client.call(method, params, options);
    } catch (error) {
      throw isNookError(error) && error.code === 'timeout' ? this.#stuck(options.timeoutMs) : error;
    }
  }

  #stuck(ms: number): NookError {
    return new NookError(
      'timeout',
      `The nethost of this network, process ${this.pid}, did not answer within ${ms / 1000} s.`,
      {
        hint: 'Have another one take its place, under the VMs: nook doctor --fix',
      },
    );
  }
}
