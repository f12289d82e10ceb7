import { AttachFrame, type AttachResult, type SessionEnd } from '../packages/plugin-vm/src/attach-protocol.ts';
import type { SessionHandle } from '../packages/plugin-vm/src/contract.ts';
import { type FrameChannel, RpcClient } from '../packages/wire/src/index.ts';
import type { Lab } from './lab.ts';

const PIECE = 64 * 1024;

interface Exec {
  readonly vm: string;
  readonly argv: readonly string[];
  /** Bytes for the command's standard input, which is closed at once when there are none. */
  readonly input?: Buffer;
  readonly onOutput?: (bytes: Buffer) => void;
}

/** Runs a command to its end, as a user of the client library does. @throws when it does not end with code 0 */
export async function exec(lab: Lab, { vm, argv, input, onOutput }: Exec): Promise<void> {
  const params = { name: vm, argv, ...(input === undefined ? { stdin: false } : {}) };
  const handle = await lab.call<SessionHandle>('vm.exec.start', params);
  await attach(handle, { input, onOutput });
}

/** The text that a command prints. */
export async function execText(lab: Lab, command: Omit<Exec, 'onOutput'>): Promise<string> {
  const chunks: Buffer[] = [];
  await exec(lab, { ...command, onOutput: (bytes) => chunks.push(bytes) });
  return Buffer.concat(chunks).toString();
}

/** Joins a session and stays until its end. */
export async function attach(
  { socket, session, token }: SessionHandle,
  { input, onOutput }: { input?: Buffer | undefined; onOutput?: ((bytes: Buffer) => void) | undefined } = {},
): Promise<void> {
  const client = await RpcClient.connect(socket);
  const { result, channel } = await client.upgrade('exec.attach', { session, token });
  const feeder = input === undefined ? undefined : new Feeder(channel, input);
  const stderr: Buffer[] = [];
  const end = await new Promise<SessionEnd | undefined>((resolve) => {
    let last: SessionEnd | undefined;
    channel.onClose = () => resolve(last);
    channel.onFrame = (kind, payload) => {
      if (kind === AttachFrame.Stdout) onOutput?.(payload);
      else if (kind === AttachFrame.Stderr) stderr.push(payload);
      else if (kind === AttachFrame.StdinCredit) feeder?.credit(payload.readUInt32LE());
      else if (kind === AttachFrame.Exit) last = JSON.parse(payload.toString()) as SessionEnd;
    };
    feeder?.credit((result as AttachResult).stdin_credit);
  });
  if (end !== undefined && 'code' in end && end.code === 0) return;
  throw new Error(`the command ended with ${JSON.stringify(end)}: ${Buffer.concat(stderr).toString()}`);
}

/** Sends bytes as far as they are credited, then the end. */
class Feeder {
  readonly #channel: FrameChannel;
  #left: Buffer;
  #credit = 0;
  #ended = false;

  constructor(channel: FrameChannel, input: Buffer) {
    this.#channel = channel;
    this.#left = input;
  }

  credit(bytes: number): void {
    this.#credit += bytes;
    while (this.#left.length > 0 && this.#credit > 0) {
      const part = this.#left.subarray(0, Math.min(PIECE, this.#credit));
      this.#channel.write(AttachFrame.Stdin, part);
      this.#credit -= part.length;
      this.#left = this.#left.subarray(part.length);
    }
    if (this.#left.length > 0 || this.#ended) return;
    this.#ended = true;
    this.#channel.write(AttachFrame.StdinEnd, Buffer.alloc(0));
  }
}
