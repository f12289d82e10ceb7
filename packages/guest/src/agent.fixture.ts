import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { FrameParser } from './frame-parser.ts';
import { FrameType, INITIAL_WINDOW, MAX_PAYLOAD, Stream } from './frame-type.ts';
import { encodeFrame, type Frame } from './frames.ts';
import {
  decodeCredit,
  decodeExecFailed,
  decodeExecStarted,
  decodeExit,
  type ExecFailed,
  type Exit,
} from './guest-messages.ts';
import { type Exec, encodeExec, encodeHello, encodeU32 } from './host-messages.ts';

const BUILD = fileURLToPath(new URL('../build.sh', import.meta.url));
const AGENT = fileURLToPath(new URL('../../../dist/guest/nook-agent-sanitized', import.meta.url));

export interface Ended {
  readonly exit?: Exit;
  readonly failed?: ExecFailed;
  readonly stdout: string;
  readonly stderr: string;
}

/** One exec session, as a host sees it. Output is credited at once unless `hold` is set. */
export class TestSession {
  readonly ended: Promise<Ended>;
  readonly frames: Frame[] = [];
  pid = 0;
  received = 0;
  hold = false;
  readonly #agent: TestAgent;
  readonly #output: Buffer[][] = [[], [], []];
  #window = INITIAL_WINDOW;
  #settle!: (ended: Ended) => void;
  readonly channel: number;
  #wake: (() => void)[] = [];

  constructor(agent: TestAgent, channel: number) {
    this.#agent = agent;
    this.channel = channel;
    this.ended = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  take(frame: Frame): void {
    this.frames.push({ ...frame, payload: Buffer.from(frame.payload) });
    if (frame.type === FrameType.EXEC_STARTED) this.pid = decodeExecStarted(frame.payload).pid;
    if (frame.type === FrameType.CREDIT) this.#window += decodeCredit(frame.payload);
    if (frame.type === FrameType.DATA) this.#takeData(frame);
    if (frame.type === FrameType.EXEC_FAILED) this.#settle({ ...this.text(), failed: decodeExecFailed(frame.payload) });
    if (frame.type === FrameType.EXIT) this.#settle({ ...this.text(), exit: decodeExit(frame.payload) });
    for (const wake of this.#wake.splice(0)) wake();
  }

  #takeData(frame: Frame): void {
    this.received += frame.payload.length;
    this.#output[frame.stream]?.push(Buffer.from(frame.payload));
    if (!this.hold) this.credit(frame.stream, frame.payload.length);
  }

  credit(stream: number, amount: number): void {
    this.send(FrameType.CREDIT, encodeU32(amount), stream);
  }

  text(): { stdout: string; stderr: string } {
    return { stdout: this.bytes(Stream.STDOUT).toString(), stderr: this.bytes(Stream.STDERR).toString() };
  }

  bytes(stream: number): Buffer {
    return Buffer.concat(this.#output[stream] ?? []);
  }

  send(type: number, payload?: Uint8Array, stream = 0): void {
    this.#agent.send(encodeFrame(type, this.channel, stream, payload));
  }

  /** Resolves when the condition holds; looked at after every frame. */
  async until(condition: (session: this) => boolean): Promise<void> {
    while (!condition(this)) await new Promise<void>((resolve) => this.#wake.push(resolve));
  }

  /** Writes within the window, waiting for credit. */
  async write(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      await this.until(() => this.#window > 0);
      const size = Math.min(bytes.length - at, this.#window, MAX_PAYLOAD);
      this.#window -= size;
      this.send(FrameType.DATA, bytes.subarray(at, at + size));
      at += size;
    }
  }

  end(): void {
    this.send(FrameType.END);
  }
}

/** The agent's real loop, built with sanitizers, over a socket pair. Disposing checks that it ended clean, leaks included. */
export class TestAgent implements AsyncDisposable {
  readonly process: ChildProcess;
  readonly control: Frame[] = [];
  /** Called with every frame, first. */
  onFrame: (frame: Frame) => void = () => {};
  /** Stands for the guest's root where the agent writes its identity. */
  readonly root = mkdtempSync(join(tmpdir(), 'nook-agent-'));
  readonly #socket: Duplex;
  readonly #parser = new FrameParser();
  readonly #sessions = new Map<number, TestSession>();
  readonly #wake: (() => void)[] = [];
  readonly #closed: Promise<unknown>;
  #errors = '';
  #nextChannel = 1;

  /**
   * @param environment added to the agent's own
   * @param within a command that runs the one that follows it, in a network of its own that the agent configures
   */
  constructor(environment: Readonly<Record<string, string>> = {}, within?: readonly [string, ...string[]]) {
    execFileSync('sh', [BUILD, '--sanitize'], { stdio: ['ignore', 'inherit', 'inherit'] });
    mkdirSync(join(this.root, 'etc'));
    const [program, ...before] = [...(within ?? []), AGENT] as [string, ...string[]];
    const network = within === undefined ? [] : ['--network'];
    this.process = spawn(program, [...before, '--serve-fd', '3', '--root', this.root, ...network], {
      stdio: ['ignore', 'inherit', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    this.#closed = once(this.process, 'close').then(() => {
      for (const wake of this.#wake.splice(0)) wake();
    });
    this.process.stderr?.on('data', (chunk: Buffer) => {
      this.#errors += chunk.toString();
    });
    this.#socket = this.process.stdio[3] as Duplex;
    this.#socket.on('data', (chunk: Buffer) => {
      for (const frame of this.#parser.push(chunk)) this.#take(frame);
    });
    this.#socket.on('error', () => undefined);
  }

  /** An agent that has exchanged HELLOs. */
  static async start(
    environment: Readonly<Record<string, string>> = {},
    within?: readonly [string, ...string[]],
  ): Promise<TestAgent> {
    const agent = new TestAgent(environment, within);
    await agent.next(FrameType.HELLO);
    agent.send(encodeFrame(FrameType.HELLO, 0, 0, encodeHello({ epoch: 1n })));
    await agent.next(FrameType.HELLO);
    return agent;
  }

  #take(frame: Frame): void {
    this.onFrame(frame);
    const session = this.#sessions.get(frame.channel);
    if (session === undefined) this.control.push({ ...frame, payload: Buffer.from(frame.payload) });
    else session.take(frame);
    for (const wake of this.#wake.splice(0)) wake();
  }

  /** The next frame of a type that belongs to no session. */
  async next(type: number): Promise<Frame> {
    return this.#next((frame) => frame.type === type);
  }

  /** The next frame that belongs to no session. */
  async nextAny(): Promise<Frame> {
    return this.#next(() => true);
  }

  async #next(fits: (frame: Frame) => boolean): Promise<Frame> {
    for (;;) {
      const index = this.control.findIndex(fits);
      const frame = this.control[index];
      if (frame !== undefined) {
        this.control.splice(index, 1);
        return frame;
      }
      if (this.process.exitCode !== null || this.process.signalCode !== null)
        throw new Error(`The agent has ended:\n${this.#errors}`);
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  send(bytes: Uint8Array): boolean {
    return this.#socket.write(bytes);
  }

  pauseReading(): void {
    this.#socket.pause();
  }

  resumeReading(): void {
    this.#socket.resume();
  }

  begin(exec: Exec): TestSession {
    return this.request(FrameType.EXEC, encodeExec(exec));
  }

  /** A session on a new channel, begun by a frame of this type. */
  request(type: number, payload: Uint8Array = Buffer.alloc(0)): TestSession {
    const session = new TestSession(this, this.#nextChannel++);
    this.#sessions.set(session.channel, session);
    session.send(type, payload);
    return session;
  }

  /** Runs a command without input to its end. */
  async run(argv: readonly string[], exec: Omit<Exec, 'argv'> = {}): Promise<Ended> {
    const session = this.begin({ ...exec, argv });
    if (exec.pty !== true) session.end();
    const ended = await session.ended;
    this.#sessions.delete(session.channel);
    return ended;
  }

  descriptors(): number {
    return readdirSync(`/proc/${this.process.pid}/fd`).length;
  }

  children(): string[] {
    const list = readFileSync(`/proc/${this.process.pid}/task/${this.process.pid}/children`, 'utf8');
    return list.split(' ').filter((pid) => pid !== '');
  }

  residentKilobytes(): number {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.process.pid}/status`, 'utf8'))?.[1]);
  }

  /** What it would have done to a machine, in order. */
  did(): string[] {
    const file = join(this.root, 'did');
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.end();
    this.#socket.resume();
    await this.#closed;
    rmSync(this.root, { recursive: true });
    const { exitCode, signalCode } = this.process;
    if (exitCode !== 0) throw new Error(`The agent ended with ${exitCode ?? signalCode}:\n${this.#errors}`);
  }
}
