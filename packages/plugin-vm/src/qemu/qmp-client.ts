import type { Socket } from 'node:net';
import { NookError } from '@nook/daemonapi';

/** An event of QEMU, e.g. `SHUTDOWN` with `{guest, reason}`. */
export interface QmpEvent {
  readonly event: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
  readonly timer: NodeJS.Timeout;
}

interface QmpMessage extends Partial<QmpEvent> {
  readonly QMP?: unknown;
  readonly id?: number;
  readonly return?: unknown;
  readonly error?: { readonly class: string; readonly desc: string };
}

/** QEMU's machine protocol (docs/interop/qmp-spec) over one socket: commands with ids and deadlines, and events. */
export class QmpClient {
  onEvent: (event: QmpEvent) => void = () => {};
  /** Settles when the connection is gone. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #pending = new Map<number, Pending>();
  readonly #waiting = new Set<{ test(event: QmpEvent): boolean; resolve(event: QmpEvent): void }>();
  #nextId = 1;
  #text = '';
  #greeted!: () => void;
  readonly #greeting = new Promise<void>((resolve) => {
    this.#greeted = resolve;
  });

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => this.#receive(chunk));
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    void this.closed.then(() => this.#failAll());
  }

  /** Waits for the greeting and leaves negotiation mode. */
  async negotiate(timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    await withDeadline(Promise.race([this.#greeting, this.closed]), timeoutMs, 'QEMU did not greet on its QMP socket');
    await this.execute('qmp_capabilities', {}, Math.max(1, deadline - Date.now()));
  }

  /**
   * @throws NookError `timeout` when QEMU does not answer in time, `unavailable` when the connection is gone,
   * `operation_failed` with QEMU's own words when it refuses
   */
  execute(command: string, args: Record<string, unknown>, timeoutMs: number): Promise<unknown> {
    if (this.#socket.destroyed) return Promise.reject(gone(command));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(new NookError('timeout', `QEMU did not answer '${command}' within ${timeoutMs} ms.`));
      }, timeoutMs);
      this.#pending.set(id, { resolve, reject, timer });
      this.#socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    });
  }

  /**
   * The next event for which `test` holds.
   * @throws NookError `timeout` with the reason, `unavailable` when the connection is gone
   */
  event(test: (event: QmpEvent) => boolean, timeoutMs: number, reason: string): Promise<QmpEvent> {
    const { promise, resolve } = Promise.withResolvers<QmpEvent>();
    const waiting = { test, resolve };
    this.#waiting.add(waiting);
    const lost = this.closed.then(() => {
      throw gone('an event');
    });
    return withDeadline(Promise.race([promise, lost]), timeoutMs, reason).finally(() => this.#waiting.delete(waiting));
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(chunk: string): void {
    this.#text += chunk;
    for (let end = this.#text.indexOf('\n'); end >= 0; end = this.#text.indexOf('\n')) {
      const line = this.#text.slice(0, end).trim();
      this.#text = this.#text.slice(end + 1);
      if (line === '') continue;
      let message: QmpMessage;
      try {
        message = JSON.parse(line) as QmpMessage;
      } catch {
        this.#socket.destroy(new Error('QEMU sent something that is not QMP'));
        return;
      }
      this.#handle(message);
    }
  }

  #handle(message: QmpMessage): void {
    if (message.QMP !== undefined) this.#greeted();
    else if (message.event !== undefined) this.#tell(message as QmpEvent);
    else this.#settle(message);
  }

  #tell(event: QmpEvent): void {
    this.onEvent(event);
    for (const { test, resolve } of this.#waiting) if (test(event)) resolve(event);
  }

  #settle(message: QmpMessage): void {
    const pending = message.id === undefined ? undefined : this.#pending.get(message.id);
    if (!pending) return;
    this.#pending.delete(message.id as number);
    clearTimeout(pending.timer);
    if (message.error) pending.reject(new NookError('operation_failed', `QEMU: ${message.error.desc}`));
    else pending.resolve(message.return);
  }

  #failAll(): void {
    for (const pending of this.#pending.values()) {
      clearTimeout(pending.timer);
      pending.reject(gone('the command'));
    }
    this.#pending.clear();
  }
}

function gone(command: string): NookError {
  return new NookError('unavailable', `QEMU is gone; '${command}' was not answered.`);
}

async function withDeadline<T>(work: Promise<T>, timeoutMs: number, reason: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new NookError('timeout', `${reason} within ${timeoutMs} ms.`)), timeoutMs);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
