import type { Duplex } from 'node:stream';
import { NookError } from '@nook/daemonapi';
import {
  type Configure,
  type Copy,
  decodeCredit,
  decodeError,
  decodeExecFailed,
  decodeExit,
  decodeHello,
  type Exec,
  encodeConfigure,
  encodeConnect,
  encodeCopy,
  encodeExec,
  encodeFrame,
  encodeHello,
  encodeResize,
  encodeU32,
  type Frame,
  FrameParser,
  FrameType,
  MAX_PAYLOAD,
} from '@nook/guest';
import type { SessionEnd } from '../attach-protocol.ts';
import type { OutputStream } from './output-log.ts';
import type { SessionPeer } from './session.ts';

/** What a session hears of its command. */
export interface ChannelListener {
  started(): void;
  output(stream: OutputStream, bytes: Buffer): void;
  stdinCredited(bytes: number): void;
  finish(end: SessionEnd): void;
}

/** What a session sends, and where. */
export interface GuestPeer extends SessionPeer {
  readonly channel: number;
}

/** The host's end of the guest protocol (docs/guest-protocol.md) over the agent's virtio-serial port. */
export class GuestChannel {
  /** The agent opened its port: it may be spoken to. */
  readonly hello: Promise<{ readonly kernel?: string | undefined }>;
  readonly #socket: Duplex;
  readonly #parser = new FrameParser();
  readonly #listeners = new Map<number, ChannelListener>();
  #nextChannel = 1;
  #onHello!: (hello: { kernel?: string | undefined }) => void;
  #onHeld: () => void = () => {};
  /** Frames that wait for the end of a hold. */
  #kept: Buffer[] | undefined;
  #configured: { resolve(): void; reject(error: Error): void } | undefined;

  constructor(socket: Duplex, onFault: (error: Error) => void) {
    this.#socket = socket;
    this.hello = new Promise((resolve) => {
      this.#onHello = resolve;
    });
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const frame of this.#parser.push(chunk)) this.#handle(frame);
      } catch (error) {
        socket.destroy();
        onFault(error as Error);
      }
    });
  }

  /** Chooses the epoch and gives the guest its identity; resolves when the guest is ready for use. */
  configure(configure: Configure, epoch: bigint): Promise<void> {
    this.#send(FrameType.HELLO, 0, 0, encodeHello({ epoch }));
    return this.reconfigure(configure);
  }

  /** Changes what is given of a guest that knows its epoch; resolves when it is done. Of two, the earlier is not answered. */
  reconfigure(configure: Configure): Promise<void> {
    this.#send(FrameType.CONFIGURE, 0, 0, encodeConfigure(configure));
    return new Promise((resolve, reject) => {
      this.#configured = { resolve, reject };
    });
  }

  /** Starts a command. The listener hears of it until `finish`. */
  exec(exec: Exec, listener: ChannelListener): GuestPeer {
    const request = encodeExec(exec);
    if (request.length > MAX_PAYLOAD) {
      throw new NookError('bad_params', `The command line and its environment are longer than ${MAX_PAYLOAD} bytes.`, {
        hint: 'Send long input through stdin.',
      });
    }
    return this.#begin(FrameType.EXEC, request, listener);
  }

  /** Starts a copy: its streams carry records. */
  copy(copy: Copy, listener: ChannelListener): GuestPeer {
    return this.#begin(FrameType.COPY, encodeCopy(copy), listener);
  }

  /** Connects to a TCP port of the guest: the session's stdin and stdout are the connection. */
  connect(port: number, listener: ChannelListener): GuestPeer {
    return this.#begin(FrameType.CONNECT, encodeConnect(port), listener);
  }

  /** Asks for what the agent answers on stream 1 of a session of its own. */
  inquire(type: number, listener: ChannelListener): GuestPeer {
    return this.#begin(type, Buffer.alloc(0), listener);
  }

  /** The number of the next session; no earlier one is given again. */
  get nextChannel(): number {
    return this.#nextChannel;
  }

  /** Goes on where another host's channel was saved. */
  beginAt(channel: number): void {
    this.#nextChannel = channel;
  }

  /** A session that began before the machine was saved. */
  adopt(channel: number, listener: ChannelListener): GuestPeer {
    this.#listeners.set(channel, listener);
    return this.#peer(channel);
  }

  /** What was to be sent while the machine was saved. */
  get kept(): Buffer {
    return Buffer.concat(this.#kept ?? []);
  }

  sendKept(frames: Buffer): void {
    this.#socket.write(frames);
  }

  #begin(type: number, request: Buffer, listener: ChannelListener): GuestPeer {
    const channel = this.#nextChannel++;
    this.#listeners.set(channel, listener);
    this.#send(type, channel, 0, request);
    return this.#peer(channel);
  }

  #peer(channel: number): GuestPeer {
    return {
      channel,
      stdin: (bytes) => {
        for (let at = 0; at < bytes.length; at += MAX_PAYLOAD) {
          this.#send(FrameType.DATA, channel, 0, bytes.subarray(at, at + MAX_PAYLOAD));
        }
      },
      stdinEnd: () => this.#send(FrameType.END, channel, 0),
      signal: (number) => this.#send(FrameType.SIGNAL, channel, 0, encodeU32(number)),
      resize: (rows, columns) => this.#send(FrameType.RESIZE, channel, 0, encodeResize(rows, columns)),
      credit: (stream, bytes) => this.#send(FrameType.CREDIT, channel, stream, encodeU32(bytes)),
    };
  }

  /** Runs a command to its end, whatever that is; its output is thrown away. */
  rehearse(argv: readonly string[]): Promise<void> {
    return new Promise((resolve) => {
      const peer = this.exec(
        { argv: [...argv] },
        {
          started: () => peer.stdinEnd(),
          output: (stream, bytes) => peer.credit(stream, bytes.length),
          stdinCredited: () => {},
          finish: () => resolve(),
        },
      );
    });
  }

  /** Resolves when no frame is under way in either direction; none is sent from then on until {@link release}. */
  hold(timeoutMs: number): Promise<void> {
    this.#send(FrameType.HOLD, 0, 0);
    this.#kept = [];
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        this.release();
        reject(new NookError('timeout', `The guest's agent did not pause its output within ${timeoutMs / 1000} s.`));
      }, timeoutMs);
      this.#onHeld = () => {
        clearTimeout(late);
        resolve();
      };
    });
  }

  release(): void {
    const kept = this.#kept;
    if (!kept) return;
    this.#kept = undefined;
    // Any frame ends the hold.
    if (kept.length === 0) this.#send(FrameType.PING, 0, 0);
    for (const frame of kept) this.#socket.write(frame);
  }

  powerOff(graceMs: number): void {
    this.#send(FrameType.POWEROFF, 0, 0, encodeU32(graceMs));
  }

  /** The machine is gone: every session ends for this reason. */
  lose(reason: string): void {
    for (const listener of this.#listeners.values()) listener.finish({ lost: reason });
    this.#listeners.clear();
    this.#configured?.reject(new NookError('unavailable', reason));
    this.#socket.destroy();
  }

  #send(type: number, channel: number, stream: number, payload: Buffer = Buffer.alloc(0)): void {
    if (this.#socket.destroyed) return;
    const frame = encodeFrame(type, channel, stream, payload);
    if (this.#kept) this.#kept.push(frame);
    else this.#write(frame);
  }

  /** Frames of one turn travel together: each piece that arrives interrupts the guest. */
  #write(frame: Buffer): void {
    if (this.#socket.writableCorked === 0) {
      this.#socket.cork();
      process.nextTick(() => this.#socket.uncork());
    }
    this.#socket.write(frame);
  }

  #handle(frame: Frame): void {
    const listener = this.#listeners.get(frame.channel);
    if (frame.channel === 0) this.#handleControl(frame);
    else if (listener) this.#handleSession(frame, listener);
  }

  #handleSession({ type, stream, channel, payload }: Frame, listener: ChannelListener): void {
    if (type === FrameType.DATA) listener.output(stream === 2 ? 2 : 1, payload);
    else if (type === FrameType.CREDIT) listener.stdinCredited(decodeCredit(payload));
    else if (type === FrameType.EXEC_STARTED) listener.started();
    else if (type === FrameType.EXEC_FAILED) this.#finish(channel, listener, decodeExecFailed(payload));
    else if (type === FrameType.EXIT) this.#finish(channel, listener, decodeExit(payload));
    else if (type === FrameType.ERROR) this.#finish(channel, listener, { lost: decodeError(payload).message });
  }

  #finish(channel: number, listener: ChannelListener, end: SessionEnd): void {
    this.#listeners.delete(channel);
    listener.finish(end);
  }

  #handleControl(frame: Frame): void {
    if (frame.type === FrameType.HELLO) this.#onHello(decodeHello(frame.payload));
    else if (frame.type === FrameType.HELD) this.#onHeld();
    else if (frame.type === FrameType.CONFIGURED) this.#configured?.resolve();
    else if (frame.type === FrameType.ERROR) {
      const { message } = decodeError(frame.payload);
      this.#configured?.reject(new NookError('operation_failed', `The guest could not be set up: ${message}`));
    }
  }
}
