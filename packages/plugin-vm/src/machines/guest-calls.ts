import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type ImageConfig, NookError } from '@nook/daemonapi';
import type { ConnectRequest, CopyRequest, SessionHandle, SessionView } from '../contract.ts';
import { ANSWER_MS, type VmhostLink } from '../hosts/vmhost-link.ts';
import { VM_FILES } from '../vmhost/host-spec.ts';
import type { ExecStart } from '../vmhost/session-table.ts';
import type { Caller } from './dependencies.ts';
import { imageCommand, stopSignal, withImageConfig } from './image-run.ts';

interface Asked {
  readonly name: () => string;
  /** How its image wants to be run. */
  readonly imageConfig: () => ImageConfig | undefined;
  /** The machine's folder. */
  readonly dir: string;
  /** @throws NookError `not_running`, also when it is paused, unless that, or any state with a vmhost, will do */
  readonly link: (also?: 'paused' | 'any') => VmhostLink;
}

interface AskOptions {
  readonly params?: object;
  readonly timeoutMs?: number;
  /** Also of a machine whose guest is not ready. */
  readonly anyState?: boolean;
}

/** What is asked of the guest of one machine, through its vmhost. */
export class GuestCalls {
  readonly #asked: Asked;

  constructor(asked: Asked) {
    this.#asked = asked;
  }

  async exec(caller: Caller, request: ExecStart): Promise<SessionHandle> {
    const link = this.#asked.link();
    const asked = withImageConfig(request, this.#asked.imageConfig());
    const started = await link.call<{ session: string; token: string }>('exec.start', asked, asking(caller));
    return this.#handle(started.session, started.token);
  }

  /** Begins the first command: the one given, else the image's, else a login shell. */
  run(caller: Caller, request: ExecStart): Promise<SessionHandle> {
    const config = this.#asked.imageConfig();
    const [argv, stop_signal] = [request.argv ?? imageCommand(config), stopSignal(config)];
    return this.exec(caller, {
      ...request,
      ...(argv === undefined ? {} : { argv }),
      ...(stop_signal === undefined ? {} : { stop_signal }),
    });
  }

  /** Whether the image says what to run. */
  get hasCommand(): boolean {
    return imageCommand(this.#asked.imageConfig()) !== undefined;
  }

  async copy(caller: Caller, request: CopyRequest): Promise<SessionHandle> {
    const { session, token } = await this.ask<{ session: string; token: string }>(caller, 'copy.start', {
      params: request,
    });
    return this.#handle(session, token);
  }

  /** @throws NookError `not_running`, also when it is paused */
  requireRunning(): void {
    this.#asked.link();
  }

  async connect(caller: Caller, request: ConnectRequest): Promise<SessionHandle> {
    const { session, token } = await this.ask<{ session: string; token: string }>(caller, 'connect.start', {
      params: request,
    });
    return this.#handle(session, token);
  }

  /** @throws NookError `not_running`, `timeout`, `unavailable` when the vmhost is of an earlier nook */
  ask<T>(
    caller: Caller,
    method: string,
    { params = {}, timeoutMs = ANSWER_MS, anyState = false }: AskOptions = {},
  ): Promise<T> {
    const link = this.#asked.link(anyState ? 'any' : undefined);
    return link.call<T>(method, params, { ...asking(caller), timeoutMs });
  }

  async sessionHandle(caller: Caller, session: string): Promise<SessionHandle> {
    const { token } = await this.#asked
      .link('paused')
      .call<{ token: string }>('exec.token', { session }, asking(caller));
    return this.#handle(session, token);
  }

  sessions(caller: Caller): Promise<readonly SessionView[]> {
    return this.#asked.link('paused').call('exec.list', {}, asking(caller));
  }

  /** @throws NookError `conflict` when somebody removed what clients attach to */
  #handle(session: string, token: string): SessionHandle {
    const [vm, socket] = [this.#asked.name(), join(this.#asked.dir, VM_FILES.socket)];
    if (existsSync(socket)) return { vm, session, token, socket };
    throw new NookError('conflict', `Nobody can reach VM '${vm}': '${socket}' is gone.`, {
      hint: `It runs on, and its files are lost with it: nook vm rm --force ${vm}`,
    });
  }
}

function asking(caller: Caller): { opId: string; timeoutMs: number; signal: AbortSignal } {
  return { opId: caller.opId, timeoutMs: ANSWER_MS, signal: caller.signal };
}
