import type { FrameChannel } from '@nook/wire';
import { AttachFrame, type SessionEnd } from '../attach-protocol.ts';
import type { OutputLog } from './output-log.ts';

const PIECE = 65_536;

interface ObserverOptions {
  readonly log: OutputLog;
  /** False: it is done with what there is. */
  readonly follow: boolean;
  readonly onGone: () => void;
}

/** One who reads a session's output beside its client. Nothing waits for it: what it is too slow for it is told as a gap. */
export class SessionObserver {
  readonly #channel: FrameChannel;
  readonly #options: ObserverOptions;
  readonly #until: number;
  #cursor = 0;
  #end: SessionEnd | undefined;

  constructor(channel: FrameChannel, options: ObserverOptions) {
    this.#channel = channel;
    this.#options = options;
    this.#until = options.follow ? Number.POSITIVE_INFINITY : options.log.end;
    channel.onClose = options.onGone;
    channel.onDrain = () => this.pump();
  }

  /** @param end of the session, once it is known */
  pump(end?: SessionEnd): void {
    this.#end ??= end;
    const { log } = this.#options;
    const channel = this.#channel;
    for (let writable = channel.writableLength < PIECE; writable && this.#cursor < this.#until; ) {
      const piece = log.read(this.#cursor, Math.min(PIECE, this.#until - this.#cursor));
      if (!piece) break;
      if (piece.offset > this.#cursor) {
        const gap = Buffer.allocUnsafe(8);
        gap.writeBigUInt64LE(BigInt(piece.offset - this.#cursor));
        channel.write(AttachFrame.Gap, gap);
      }
      this.#cursor = piece.offset + piece.bytes.length;
      // A copy: the log may write over it before the kernel has taken it.
      writable = channel.write(piece.stream === 1 ? AttachFrame.Stdout : AttachFrame.Stderr, Buffer.from(piece.bytes));
    }
    if (this.#cursor < Math.min(this.#until, log.end)) return;
    if (this.#end) channel.write(AttachFrame.Exit, Buffer.from(JSON.stringify(this.#end)));
    if (this.#end || !this.#options.follow) channel.end();
  }

  dismiss(why: string): void {
    this.#channel.write(AttachFrame.Dismissed, Buffer.from(why));
    this.#channel.end();
  }
}
