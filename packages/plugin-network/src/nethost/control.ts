import type { Socket } from 'node:net';
import { type Logger, NookError } from '@nook/daemonapi';
import { type RpcHandler, type ServerCall, serveRpc } from '@nook/wire';
import type { PublishedPort } from '../contract.ts';
import type { Members } from './members.ts';
import type { HeldNamespace, Member, NethostInfo, NethostSpec } from './nethost-spec.ts';
import type { PacketWatch } from './packet-watch.ts';
import type { Reports } from './reports.ts';
import type { RoutedNames } from './routed-names.ts';

/** Version of the methods below. A nethost outlives upgrades of the daemon: later versions only add to them. */
const CONTROL_VERSION = 3;

type Handlers = Record<string, (params: Record<string, unknown>, call: ServerCall) => unknown>;

interface ControlParts {
  readonly spec: NethostSpec;
  readonly members: Members;
  readonly watch: PacketWatch;
  readonly reports: Reports;
  readonly names: RoutedNames;
  readonly log: Logger;
  /** Nobody is on the network, and nobody is expected. */
  readonly onIdle: (why: string) => void;
}

/** The control socket of a nethost. */
export class Control {
  readonly #parts: ControlParts;
  /** VMs that are about to join. */
  readonly #expected = new Map<string, () => void>();
  readonly #handlers: Handlers;
  /** Nobody is let in any more. */
  #closed = false;

  constructor(parts: ControlParts) {
    this.#parts = parts;
    this.#handlers = this.#methods();
  }

  serve(socket: Socket): void {
    serveRpc(socket, this.#handle);
  }

  /** The network is on its way down: whoever comes now is for the next nethost. */
  close(): void {
    this.#closed = true;
  }

  /** After something changed: who is not on the network any more needs nothing of it. */
  look(why: string): void {
    const { members, log, onIdle } = this.#parts;
    if (this.#expected.size === 0 && members.all().length === 0) onIdle(why);
    else
      members.apply().catch((error: Error) => log.error({ error: error.message }, 'the namespace is not as desired'));
  }

  readonly #handle: RpcHandler = async (call) => {
    const { method, params, opId } = call.request;
    const handler = Object.hasOwn(this.#handlers, method) ? this.#handlers[method] : undefined;
    if (!handler) throw new NookError('unknown_method', `A nethost has no method '${method}'.`);
    try {
      const result = await handler(params, call);
      this.#parts.log.debug({ method, op_id: opId }, 'call completed');
      return result;
    } catch (error) {
      this.#parts.log.warn({ method, op_id: opId, error: (error as Error).message }, 'call failed');
      throw error;
    }
  };

  #methods(): Handlers {
    const { spec, members, watch, names } = this.#parts;
    return {
      hello: () => ({ version: CONTROL_VERSION, id: spec.id, token: spec.token, pid: process.pid }),
      info: (): NethostInfo => ({
        pid: process.pid,
        members: members.all(),
        unreported: watch.unreported,
        unrouted: names.unrouted,
      }),
      inspect: () => members.differences(),
      repair: async () => {
        watch.start();
        await members.repair();
        await names.route();
        return {};
      },
      expect: (params, call) => this.#expect(params, call),
      join: (params, call) => this.#join(params, call),
      taken: ({ vm }) => {
        members.taken(String(vm));
        return {};
      },
      publish: async ({ vm, publish }) => {
        await members.publish(String(vm), publish as PublishedPort[]);
        return {};
      },
      egress: async ({ vm }) => {
        await members.changeEgress(String(vm));
        return {};
      },
      used: ({ vm }) => watch.used(String(vm)),
      watch: (_params, call) => this.#report(call),
      rename: ({ vm, name }) => {
        members.rename(String(vm), String(name));
        return {};
      },
    };
  }

  /** Answered when the VM joins: until then the network is kept up, as long as the caller waits. */
  async #expect(params: Record<string, unknown>, call: ServerCall): Promise<object> {
    this.#requireOpen();
    const member = memberOf(params);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#expected.set(member.vm, resolve);
    call.signal.addEventListener('abort', () => resolve(), { once: true });
    call.event({ seq: 1, topic: 'expected', at: Date.now(), data: {} });
    this.#parts.members.expect(member);
    await promise;
    if (this.#expected.get(member.vm) === resolve) this.#expected.delete(member.vm);
    if (call.signal.aborted) {
      this.#parts.members.forget(member.vm);
      this.look('nobody came');
    }
    return {};
  }

  #requireOpen(): void {
    if (this.#closed) throw new NookError('unavailable', 'The network is on its way down.');
  }

  /** Never answers: reports go to whoever asked last, for as long as it keeps the call. */
  async #report(call: ServerCall): Promise<never> {
    let seq = 0;
    const stop = this.#parts.reports.listen(({ topic, data }) =>
      call.event({ seq: ++seq, topic, at: Date.now(), data }),
    );
    await new Promise((resolve) => call.signal.addEventListener('abort', resolve, { once: true }));
    stop();
    throw new NookError('cancelled', 'Nobody listens any more.');
  }

  /** Never answers: the VM is on the network for as long as its vmhost keeps the call. */
  async #join({ attached, ...params }: Record<string, unknown>, call: ServerCall): Promise<never> {
    this.#requireOpen();
    const member = memberOf(params);
    const { members, log } = this.#parts;
    const left = new Promise((resolve) => call.signal.addEventListener('abort', resolve, { once: true }));
    try {
      const fd = await members.join(member, { attached: attached === true });
      log.info({ vm: member.name, address: member.address, op_id: call.request.opId }, 'a VM joined');
      this.#expected.get(member.vm)?.();
      call.event({
        seq: 1,
        topic: 'joined',
        at: Date.now(),
        data: { pid: process.pid, ...(fd === undefined ? {} : { fd }) },
      });
      await left;
    } finally {
      members.leave(member);
      log.info({ vm: member.name }, 'a VM left');
      this.look('the last VM left');
    }
    throw new NookError('cancelled', 'The VM left.');
  }
}

function memberOf({ vm, name, mac, address, address6, held, publish }: Record<string, unknown>): Member {
  const texts = { vm, name, mac, address, address6 };
  for (const [field, value] of Object.entries(texts)) {
    if (typeof value !== 'string') throw new NookError('bad_params', `'${field}' must be a string.`);
  }
  return {
    ...(texts as Omit<Member, 'held' | 'publish'>),
    ...{ held: held as HeldNamespace | undefined, publish: (publish ?? []) as PublishedPort[] },
  };
}
