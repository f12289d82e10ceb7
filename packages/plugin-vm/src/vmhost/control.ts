import type { AsyncLocalStorage } from 'node:async_hooks';
import type { Socket } from 'node:net';
import { type Logger, type MachineNetwork, NookError } from '@nook/daemonapi';
import { decodeListeners, decodeStats, FrameType } from '@nook/guest';
import { type RpcHandler, type ServerCall, serveRpc } from '@nook/wire';
import type { ConnectRequest, CopyRequest } from '../contract.ts';
import type { LifeLimits } from '../supervision/life.ts';
import { CONTROL_VERSION } from './control-version.ts';
import type { ClaimSpec, HostStatus } from './host-spec.ts';
import type { SaveRequest } from './saving.ts';
import type { ExecStart } from './session-table.ts';
import type { VmHost } from './vm-host.ts';

/** Calls that last as long as what they tell of: nobody waits for their end. */
const LASTING = new Set(['watch', 'exec.wait']);

/** Methods whose answer has its fields beside `ok` instead of under `result`, as the simplest client wants them. */
const FLAT = new Set(['status', 'stop', 'force_stop', 'info']);

type Handlers = Record<string, (params: Record<string, unknown>, call: ServerCall) => unknown>;

/** The control socket of a vmhost. */
export class Control {
  readonly #host: VmHost;
  readonly #log: Logger;
  readonly #opIds: AsyncLocalStorage<string>;
  readonly #watchers = new Set<(status: HostStatus) => void>();
  readonly #handlers: Handlers;
  /** Calls in flight, but for those that last. */
  readonly #calls = new Set<Promise<unknown>>();
  #seq = 0;

  constructor(host: VmHost, log: Logger, opIds: AsyncLocalStorage<string>) {
    this.#host = host;
    this.#log = log;
    this.#opIds = opIds;
    this.#handlers = this.#methods();
    host.onStatus = (status) => {
      for (const watcher of this.#watchers) watcher(status);
    };
  }

  serve(socket: Socket): void {
    serveRpc(socket, this.#handle, {
      encodeAnswer: (result, { method }) => (FLAT.has(method) ? (result as Record<string, unknown>) : { result }),
    });
  }

  /** Waits until every client has what is due to it, at most `deadlineMs`. Watchers are told by the end of the process. */
  async settle(deadlineMs: number): Promise<void> {
    const clients = this.#host.sessions.all().map((session) => session.clientGone);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, deadlineMs);
    });
    await Promise.race([Promise.allSettled([...clients, ...this.#calls]), late]);
    clearTimeout(timer);
  }

  readonly #handle: RpcHandler = (call) => {
    const { method, params, opId } = call.request;
    return this.#opIds.run(opId, async () => {
      const handler = Object.hasOwn(this.#handlers, method) ? this.#handlers[method] : undefined;
      if (!handler) throw new NookError('unknown_method', `A vmhost has no method '${method}'.`);
      try {
        const result = await this.#tracked(method, handler(params, call));
        this.#log.debug({ method }, 'call completed');
        return result;
      } catch (error) {
        this.#log.warn({ method, error: (error as Error).message }, 'call failed');
        throw error;
      }
    });
  };

  #tracked(method: string, answer: unknown): Promise<unknown> {
    const promise = Promise.resolve(answer);
    if (LASTING.has(method)) return promise;
    this.#calls.add(promise);
    return promise.finally(() => this.#calls.delete(promise));
  }

  #methods(): Handlers {
    const host = this.#host;
    const backend = host.spec.driver.name;
    return {
      hello: () => ({ version: CONTROL_VERSION, id: host.spec.id, token: host.spec.token }),
      status: () => ({ state: host.status().state, backend }),
      info: () => ({ backend, ...host.status() }),
      stop: async ({ timeout_seconds }) => {
        const end = await host.stop(seconds(timeout_seconds) * 1000);
        return { state: end.state, backend };
      },
      force_stop: async () => ({ state: (await host.forceStop('asked to')).state, backend }),
      signal: ({ signal }) => host.signal(Number(signal)),
      grow_disk: ({ bytes }) => host.growDisk(Number(bytes)),
      reconfigure: ({ hostname }) => host.reconfigure(typeof hostname === 'string' ? { hostname } : {}),
      forward: ({ forwards }) => host.setForwards(forwards as MachineNetwork['host_forwards']),
      save: (params) => host.save(saveRequest(params)),
      disk: () => host.disk(),
      rehearse: ({ argv }) => host.rehearse(argv as string[]),
      claim: (params) => host.claim(params as unknown as ClaimSpec),
      pause: () => host.pause(),
      resume: () => host.resume(),
      limit: (params) => host.limit(limits(params)),
      watch: (_params, call) => this.#watch(call),
      'exec.start': (params) => {
        host.requireReady();
        const { options } = host.sessions.start(params as ExecStart);
        return { session: options.id, token: options.token };
      },
      'exec.token': ({ session }) => ({ token: host.sessions.get(String(session)).options.token }),
      'exec.signal': ({ session, token, signal }) => {
        host.sessions.get(String(session), token).signal(Number(signal));
        return {};
      },
      'exec.list': () => host.sessions.listed().map((session) => session.view()),
      'exec.wait': async ({ session, token }) => {
        const waited = host.sessions.get(String(session), token);
        if (!waited.end) await waited.ended;
        return { end: waited.end, ended_at: waited.endedAt };
      },
      'exec.observe': ({ session, token, follow }, call) => {
        const observed = host.sessions.get(String(session), token);
        observed.observe(call.upgrade({}), follow === true);
      },
      stats: async () => decodeStats(await host.inquire(FrameType.STATS)),
      listeners: async () => decodeListeners(await host.inquire(FrameType.LISTENERS)),
      'copy.start': (params) => {
        host.requireReady();
        const { options } = host.sessions.copy(params as unknown as CopyRequest);
        return { session: options.id, token: options.token };
      },
      'connect.start': (params) => {
        host.requireReady();
        const { options } = host.sessions.connect(params as unknown as ConnectRequest);
        return { session: options.id, token: options.token };
      },
      'exec.attach': (params, call) => {
        const session = host.sessions.get(String(params.session));
        if (params.token !== session.options.token) {
          throw new NookError('unauthorized', 'This is not the token of the session.');
        }
        if (session.attached) throw new NookError('conflict', 'Another client is attached to the session.');
        const offset = typeof params.offset === 'number' ? params.offset : 0;
        session.attach(call.upgrade(session.describeAttach(offset)), offset);
      },
    };
  }

  /** Never answers: it is ended by the client, or by the end of this process. */
  #watch(call: ServerCall): Promise<unknown> {
    const send = (status: HostStatus) =>
      call.event({ seq: ++this.#seq, topic: 'status', at: Date.now(), data: structuredClone(status) });
    send(this.#host.status());
    this.#watchers.add(send);
    return new Promise((resolve) => {
      call.signal.addEventListener('abort', resolve, { once: true });
    }).finally(() => {
      this.#watchers.delete(send);
      if (this.#host.spec.ends_with_daemon && this.#watchers.size === 0)
        void this.#host.forceStop('its daemon is gone');
    });
  }
}

function saveRequest({ ram, devices, folder, about, disk, end }: Record<string, unknown>): SaveRequest {
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  if (text(folder) === undefined && (text(ram) === undefined || text(devices) === undefined) && !text(disk)) {
    throw new NookError('bad_params', 'ram and devices, folder or disk must be the names of files.');
  }
  return {
    ...(typeof ram === 'string' && typeof devices === 'string' ? { to: { ram, devices } } : {}),
    ...{ folder: text(folder), disk: text(disk), about: about as SaveRequest['about'], end: end === true },
  };
}

function limits({ idle_timeout_ms, max_duration_ms }: Record<string, unknown>): LifeLimits {
  return { idle_timeout_ms: time(idle_timeout_ms), max_duration_ms: time(max_duration_ms) };
}

function time(value: unknown): number | undefined {
  if (value === undefined || (typeof value === 'number' && value > 0)) return value;
  throw new NookError('bad_params', 'A limit must be a number of milliseconds.');
}

function seconds(value: unknown): number {
  if (typeof value === 'number' && value >= 0 && value <= 3600) return value;
  throw new NookError('bad_params', 'timeout_seconds must be a number between 0 and 3600.');
}
