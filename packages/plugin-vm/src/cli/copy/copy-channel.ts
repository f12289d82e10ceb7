import { type CliContext, NookError } from '@nook/daemonapi';
import { CopyRecordParser } from '@nook/guest';
import { type FrameChannel, RpcClient } from '@nook/wire';
import { AttachFrame, type AttachResult, type SessionEnd } from '../../attach-protocol.ts';
import type { CopyRequest } from '../../contract.ts';
import { printable } from '../printable.ts';

/** As much of the records as goes into one frame of the guest. */
const FRAME = 65_536;

/** Longer than the sync of a slow disk that was written to without pause. */
const STALL_MS = 120_000;

type OnRecord = (kind: number, payload: Buffer) => void;

interface ChannelOptions {
  /** Every record of the guest; what it throws ends the copy with that error. */
  readonly onRecord?: OnRecord;
  readonly credit: number;
  readonly signal: AbortSignal;
  readonly stallMs?: number;
}

/** The records of one copy, from and to the guest, straight through its vmhost. */
export class CopyChannel implements Disposable {
  /** How the guest's side of the copy ended. @throws NookError when it cannot be known, or a record was not taken */
  readonly ended: Promise<SessionEnd>;
  readonly #channel: FrameChannel;
  #credit: number;
  #over = false;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #wake: () => void = () => {};

  /** @param options.credit bytes that may be sent at once */
  constructor(channel: FrameChannel, { credit, signal, stallMs = STALL_MS, onRecord = () => {} }: ChannelOptions) {
    this.#channel = channel;
    this.#credit = credit;
    this.ended = this.#receive({ signal, stallMs, onRecord });
    this.ended.catch(() => {});
  }

  /** @throws NookError as the daemon and the vmhost answer */
  static async open(
    context: CliContext,
    vm: string,
    { request, onRecord }: { readonly request: CopyRequest; readonly onRecord: OnRecord },
  ): Promise<CopyChannel> {
    const { socket, session, token } = await context.call('vm.copy', { name: vm, ...request });
    const client = await RpcClient.connect(socket, { timeoutMs: 5_000 });
    const { result, channel } = await client.upgrade(
      'exec.attach',
      { session, token },
      { opId: context.opId, timeoutMs: 10_000 },
    );
    const { stdin_credit: credit } = result as AttachResult;
    return new CopyChannel(channel, { credit, signal: context.signal, onRecord });
  }

  /** Sends a record as far as the guest takes it. @returns false when the guest has stopped listening */
  async send(record: Buffer): Promise<boolean> {
    if (this.#waitingBytes + record.length > FRAME) await this.flush();
    this.#waiting.push(record);
    this.#waitingBytes += record.length;
    return !this.#over;
  }

  async flush(): Promise<void> {
    const bytes = this.#waiting.length === 1 ? (this.#waiting[0] as Buffer) : Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    while (this.#credit < bytes.length && !this.#over) await this.#change();
    if (this.#over || bytes.length === 0) return;
    this.#credit -= bytes.length;
    let taken = this.#channel.write(AttachFrame.Stdin, bytes);
    this.#channel.onDrain = () => {
      taken = true;
      this.#wake();
    };
    while (!taken && !this.#over) await this.#change();
  }

  /** No more records follow. */
  async end(): Promise<void> {
    await this.flush();
    if (!this.#over) this.#channel.write(AttachFrame.StdinEnd, Buffer.alloc(0));
  }

  /** A copy that is still going on is given up. */
  [Symbol.dispose](): void {
    if (this.#over) return;
    this.#channel.destroy();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #receive({ signal, stallMs, onRecord }: Required<Omit<ChannelOptions, 'credit'>>): Promise<SessionEnd> {
    const channel = this.#channel;
    const parser = new CopyRecordParser(onRecord);
    return new Promise<SessionEnd>((resolve, reject) => {
      const giveUp = (reason: unknown) => {
        this.#over = true;
        reject(reason);
        channel.destroy();
        this.#wake();
      };
      const abort = () => giveUp(signal.reason);
      signal.addEventListener('abort', abort, { once: true });
      const stalled = setTimeout(() => giveUp(stall(stallMs)), stallMs);
      let end: SessionEnd | undefined;
      channel.onFrame = (kind, payload) => {
        stalled.refresh();
        try {
          if (kind === AttachFrame.Stdout) parser.push(payload);
          else if (kind === AttachFrame.StdinCredit) this.#credit += payload.readUInt32LE();
          else if (kind === AttachFrame.Exit) end = JSON.parse(payload.toString()) as SessionEnd;
        } catch (error) {
          giveUp(error);
        }
        this.#wake();
      };
      channel.onClose = () => {
        clearTimeout(stalled);
        signal.removeEventListener('abort', abort);
        this.#over = true;
        this.#wake();
        if (end) resolve(end);
        else reject(new NookError('unavailable', 'The connection to the VM was lost in the middle of the copy.', LOST));
      };
      if (signal.aborted) abort();
    });
  }
}

function stall(ms: number): NookError {
  return new NookError('timeout', `Nothing of the copy has moved for ${ms / 1000} s.`, {
    hint: 'See whether the VM is paused, or its disk stuck: nook vm stats',
  });
}

const LOST = { hint: 'Nothing of it stands under its final name. See what became of the VM: nook vm list' };

/** The error of a copy whose guest's side ended without a word of its own. */
export function endWithoutDone(end: SessionEnd): NookError {
  if ('errno' in end) {
    const code = end.stage === 'user' ? 'bad_params' : 'operation_failed';
    return new NookError(code, `The guest did not begin the copy: ${printable(end.message)}.`);
  }
  if ('lost' in end) return new NookError('unavailable', `The copy was lost: ${printable(end.lost)}.`, LOST);
  const how = 'signal' in end ? `signal ${end.signal} ended it` : `it exited with code ${end.code}`;
  return new NookError('operation_failed', `The guest's side of the copy failed: ${how}.`);
}
