import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FrameChannel } from '@nook/wire';
import { AttachFrame, type SessionEnd } from '../attach-protocol.ts';
import { GuestChannel } from './guest-channel.ts';
import type { Session } from './session.ts';

const GUEST = new URL('../../../guest/build.sh', import.meta.url);
const AGENT = new URL('../../../../dist/guest/nook-agent-sanitized', import.meta.url);

/** The guest's agent as a process of this host. */
export class LocalGuest implements AsyncDisposable {
  readonly channel: GuestChannel;
  readonly #process: ChildProcess;
  readonly #root = mkdtempSync(join(tmpdir(), 'nook-guest-'));
  readonly #socket: Socket;

  constructor() {
    execFileSync('sh', [fileURLToPath(GUEST), '--sanitize'], { stdio: 'inherit' });
    this.#process = spawn(fileURLToPath(AGENT), ['--serve-fd', '3', '--root', this.#root], {
      stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
    });
    this.#socket = this.#process.stdio[3] as Socket;
    this.channel = new GuestChannel(this.#socket, (error) => {
      throw error;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#process, 'close');
    this.#socket.end();
    await closed;
    rmSync(this.#root, { recursive: true });
  }
}

/** A client of a session, over a real socket. */
export class TestClient {
  /** What came of both streams, gaps as `[N]`. */
  text = '';
  end: SessionEnd | undefined;
  /** Settles when the other side is done. */
  readonly closed: Promise<void>;
  readonly #channel: FrameChannel;
  readonly #wake: (() => void)[] = [];

  private constructor(channel: FrameChannel) {
    this.#channel = channel;
    this.closed = new Promise((resolve) => {
      channel.onClose = () => resolve();
    });
    channel.onFrame = (kind, payload) => {
      if (kind === AttachFrame.Stdout || kind === AttachFrame.Stderr) this.text += payload.toString('latin1');
      else if (kind === AttachFrame.Gap) this.text += `[${payload.readBigUInt64LE()}]`;
      else if (kind === AttachFrame.Exit) this.end = JSON.parse(payload.toString()) as SessionEnd;
      for (const wake of this.#wake.splice(0)) wake();
    };
  }

  static attach(session: Session, offset = 0): Promise<TestClient> {
    return TestClient.#connect((channel) => session.attach(channel, offset));
  }

  /** One who reads along. */
  static observe(session: Session, follow: boolean): Promise<TestClient> {
    return TestClient.#connect((channel) => session.observe(channel, follow));
  }

  static async #connect(attach: (channel: FrameChannel) => void): Promise<TestClient> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const connected = once(server, 'connection') as Promise<[Socket]>;
    const here = createConnection(port, '127.0.0.1');
    const [there] = await connected;
    server.close();
    attach(new FrameChannel(there));
    return new TestClient(new FrameChannel(here));
  }

  async until(condition: (client: this) => boolean): Promise<this> {
    while (!condition(this)) await new Promise<void>((resolve) => this.#wake.push(resolve));
    return this;
  }

  send(kind: number, payload: Buffer): void {
    this.#channel.write(kind, payload);
  }

  /** Dies without a word. */
  async lose(session: Session): Promise<void> {
    this.#channel.destroy();
    await session.clientGone;
  }
}
