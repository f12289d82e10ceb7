import { NookError } from '@nook/daemonapi';
import type { FrameChannel } from '@nook/wire';
import { AttachFrame, type AttachResult, exitCode, type SessionEnd } from '../attach-protocol.ts';
import type { SessionView } from '../contract.ts';
import { OutputLog, type OutputStream } from './output-log.ts';
import { SessionObserver } from './session-observer.ts';

/** The window of every stream of the guest protocol. */
const WINDOW = 262_144;
/** Credit goes to the guest in amounts of this size at least: each frame that arrives interrupts it. */
const CREDIT = WINDOW / 4;
/** Output kept for a client that comes (back) later. */
const HISTORY = 524_288;
const PIECE = 65_536;

/** What a session sends to its command in the guest. */
export interface SessionPeer {
  stdin(bytes: Buffer): void;
  stdinEnd(): void;
  signal(number: number): void;
  resize(rows: number, columns: number): void;
  credit(stream: OutputStream, bytes: number): void;
}

export interface SessionOptions {
  readonly id: string;
  readonly token: string;
  readonly argv: readonly string[];
  readonly startedAt: number;
  /** Keep all output back until the first client is there, since losing any would surprise it. */
  readonly holdForClient: boolean;
  readonly pty: boolean;
  /** A copy or a connection: no command that somebody would look for among the sessions. */
  readonly unlisted?: boolean | undefined;
  /** By which whoever began it finds it again. */
  readonly key?: string | undefined;
  /** By which it is asked to end before all others are. */
  readonly stopSignal?: number | undefined;
}

/** A session as it stood when its machine was saved; its output is kept beside. */
export interface SavedSession {
  readonly options: SessionOptions;
  readonly end?: SessionEnd | undefined;
  readonly ended_at?: number | undefined;
  readonly credited: number;
  readonly stdin_taken: number;
  readonly stdin_credit: number;
  /** Offset of the oldest byte kept, and then how many bytes of which stream, in order. */
  readonly from: number;
  readonly pieces: readonly (readonly [stream: OutputStream, bytes: number])[];
}

/**
 * One command in the guest, seen from the host: its output, its end, and at most one attached client.
 * While a client is attached, what it has not read holds the guest back; while none is, the oldest output goes.
 */
export class Session {
  readonly options: SessionOptions;
  end: SessionEnd | undefined;
  endedAt: number | undefined;
  /** Called once, when the end is known. */
  onEnd: () => void = () => {};
  /** The client went away before it was told the end. */
  onDisconnect: () => void = () => {};
  /** The client was told the end. */
  onDelivered: () => void = () => {};
  /** Settles when the latest client is gone; settled before the first. */
  clientGone: Promise<void> = Promise.resolve();
  readonly peer: SessionPeer;
  readonly #ended = Promise.withResolvers<void>();
  readonly #log = new OutputLog(HISTORY + 2 * WINDOW);
  readonly #observers = new Set<SessionObserver>();
  #client: FrameChannel | undefined;
  #held: boolean;
  #cursor = 0;
  /** Output before this offset was credited to the guest. */
  #credited = 0;
  #stdinTaken = 0;
  #stdinCredit = WINDOW;
  #delivered = false;

  constructor(options: SessionOptions, peer: SessionPeer) {
    this.options = options;
    this.peer = peer;
    this.#held = options.holdForClient;
  }

  get attached(): boolean {
    return this.#client !== undefined;
  }

  get awaitsClient(): boolean {
    return this.#held;
  }

  get delivered(): boolean {
    return this.#delivered;
  }

  output(stream: OutputStream, bytes: Buffer): void {
    this.#log.append(stream, bytes);
    for (const observer of this.#observers) observer.pump();
    if (this.#client) this.#pump();
    else if (!this.#held) this.#forgetUnread();
  }

  stdinCredited(bytes: number): void {
    this.#stdinCredit += bytes;
    const payload = Buffer.allocUnsafe(4);
    payload.writeUInt32LE(bytes);
    this.#client?.write(AttachFrame.StdinCredit, payload);
  }

  finish(end: SessionEnd): void {
    if (this.end) return;
    this.end = end;
    this.endedAt = Date.now();
    this.#ended.resolve();
    for (const observer of this.#observers) observer.pump(end);
    this.#pump();
    this.onEnd();
  }

  /** Settles when the command has ended; not of one that had when its machine was saved. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  describeAttach(offset = 0): AttachResult {
    return {
      offset: Math.min(offset, this.#log.end),
      stdin_taken: this.#stdinTaken,
      stdin_credit: this.#stdinCredit,
      state: this.end ? 'exited' : 'running',
      pty: this.options.pty,
    };
  }

  /** @throws NookError `not_running` when the command has ended */
  signal(number: number): void {
    if (this.end) throw new NookError('not_running', `Session ${this.options.id} has ended.`);
    this.peer.signal(number);
  }

  attach(channel: FrameChannel, offset = 0): void {
    this.#client = channel;
    this.#held = false;
    channel.onFrame = (kind, payload) => this.#receive(kind, payload);
    channel.onDrain = () => this.#pump();
    this.clientGone = new Promise((resolve) => {
      channel.onClose = () => {
        this.#detach(channel);
        resolve();
      };
    });
    this.#cursor = Math.min(offset, this.#log.end);
    const lost = this.#log.start - this.#cursor;
    if (lost > 0) {
      const payload = Buffer.allocUnsafe(8);
      payload.writeBigUInt64LE(BigInt(lost));
      channel.write(AttachFrame.Gap, payload);
      this.#cursor = this.#log.start;
    }
    this.#pump();
  }

  /** Somebody reads along, from the oldest byte that is kept. */
  observe(channel: FrameChannel, follow: boolean): void {
    const observer: SessionObserver = new SessionObserver(channel, {
      ...{ log: this.#log, follow },
      onGone: () => this.#observers.delete(observer),
    });
    this.#observers.add(observer);
    observer.pump(this.end);
  }

  /** Nobody is coming any more: what is held back is treated as unread output. */
  release(): void {
    this.#held = false;
    if (!this.#client) this.#forgetUnread();
  }

  /** @returns what there is to be saved, and the output, whose pieces are valid until more comes */
  save(): { readonly saved: SavedSession; readonly output: readonly Buffer[] } {
    const pieces = this.#log.pieces();
    return {
      saved: {
        options: { ...this.options, holdForClient: this.#held },
        end: this.end,
        ended_at: this.endedAt,
        credited: this.#credited,
        stdin_taken: this.#stdinTaken,
        stdin_credit: this.#stdinCredit,
        from: this.#log.start,
        pieces: pieces.map(({ stream, bytes }) => [stream, bytes.length] as const),
      },
      output: pieces.map(({ bytes }) => bytes),
    };
  }

  /** Goes on as one that was saved. @param output what its pieces hold, one after the other */
  restore({ end, ended_at, credited, stdin_taken, stdin_credit, from, pieces }: SavedSession, output: Buffer): void {
    this.end = end;
    this.endedAt = ended_at;
    this.#credited = credited;
    this.#stdinTaken = stdin_taken;
    this.#stdinCredit = stdin_credit;
    this.#log.beginAt(from);
    let at = 0;
    for (const [stream, bytes] of pieces) {
      this.#log.append(stream, output.subarray(at, at + bytes));
      at += bytes;
    }
  }

  /** Lets the client go, told why, as if it had never been there: the session goes on. */
  dismiss(why: string): void {
    for (const observer of this.#observers) observer.dismiss(why);
    const client = this.#client;
    if (!client) return;
    this.#client = undefined;
    client.onFrame = () => {};
    client.write(AttachFrame.Dismissed, Buffer.from(why));
    client.end();
  }

  view(): SessionView {
    return {
      session: this.options.id,
      argv: this.options.argv,
      state: this.end ? 'exited' : 'running',
      ...(this.end ? { exit_code: exitCode(this.end) } : {}),
      attached: this.attached,
      started_at: this.options.startedAt,
      ...(this.endedAt === undefined ? {} : { ended_at: this.endedAt }),
      pty: this.options.pty,
      output_bytes: this.#log.end,
      output_from: this.#log.start,
    };
  }

  #pump(): void {
    const client = this.#client;
    if (!client) return;
    if (client.writableLength === 0) this.#creditTo(this.#cursor);
    for (let writable = client.writableLength < PIECE; writable; ) {
      const piece = this.#log.read(this.#cursor, PIECE);
      if (!piece) break;
      this.#cursor = piece.offset + piece.bytes.length;
      writable = client.write(piece.stream === 1 ? AttachFrame.Stdout : AttachFrame.Stderr, piece.bytes);
      // Only what the kernel has taken may be overwritten by what the credit lets in.
      if (client.writableLength === 0) this.#creditTo(this.#cursor);
    }
    if (this.end && this.#cursor === this.#log.end && !this.#delivered) {
      this.#delivered = true;
      client.write(AttachFrame.Exit, Buffer.from(JSON.stringify(this.end)));
      client.end();
    }
  }

  #receive(kind: number, payload: Buffer): void {
    if (kind === AttachFrame.Stdin) this.#takeStdin(payload);
    else if (kind === AttachFrame.StdinEnd) this.peer.stdinEnd();
    else if (kind === AttachFrame.Signal && payload.length === 4) this.peer.signal(payload.readUInt32LE());
    else if (kind === AttachFrame.Resize && payload.length === 4) {
      this.peer.resize(payload.readUInt16LE(0), payload.readUInt16LE(2));
    } else this.#client?.destroy();
  }

  #takeStdin(bytes: Buffer): void {
    if (bytes.length > this.#stdinCredit) {
      this.#client?.destroy();
      return;
    }
    this.#stdinCredit -= bytes.length;
    this.#stdinTaken += bytes.length;
    if (!this.end) this.peer.stdin(bytes);
  }

  #detach(channel: FrameChannel): void {
    if (this.#client !== channel) return;
    this.#client = undefined;
    if (this.#delivered) this.onDelivered();
    else {
      this.#forgetUnread();
      this.onDisconnect();
    }
  }

  #forgetUnread(): void {
    this.#creditTo(this.#log.end);
    this.#log.discardTo(this.#log.end - HISTORY);
  }

  #creditTo(offset: number): void {
    if (offset - this.#credited < CREDIT) return;
    const bytes = { 1: 0, 2: 0 };
    while (this.#credited < offset) {
      const piece = this.#log.read(this.#credited, offset - this.#credited);
      if (!piece) break;
      const length = Math.min(piece.bytes.length, offset - piece.offset);
      bytes[piece.stream] += length;
      this.#credited = piece.offset + length;
    }
    for (const stream of [1, 2] as const) {
      if (bytes[stream] > 0 && !this.end) this.peer.credit(stream, bytes[stream]);
    }
  }
}
