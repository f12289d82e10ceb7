import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** As long as a ping and its answer are, the one taken with the other. */
const LINE = `${'x'.repeat(127)}\n`;

/** Node's own unix sockets and nothing else: what a call of any kind cannot go below. */
export class SocketEcho implements AsyncDisposable {
  readonly path: string;
  readonly #server: ChildProcess;
  readonly #socket: Socket;
  #bytes = 0;
  #expected = 0;
  #done = () => {};

  private constructor(path: string, server: ChildProcess, socket: Socket) {
    this.path = path;
    this.#server = server;
    this.#socket = socket;
    socket.on('data', (chunk) => {
      this.#bytes += chunk.length;
      if (this.#bytes >= this.#expected) this.#done();
    });
  }

  static async start(): Promise<SocketEcho> {
    const dir = await mkdtemp(join(tmpdir(), 'nook-bench-'));
    const path = join(dir, 'echo.sock');
    const server = spawn(process.execPath, [join(import.meta.dirname, 'echo-server.ts'), path], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(server.stdout as NodeJS.ReadableStream, 'data');
    const socket = connect(path);
    await once(socket, 'connect');
    return new SocketEcho(path, server, socket);
  }

  /** One line there and back. */
  async roundTrip(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#bytes = 0;
      this.#expected = LINE.length;
      this.#done = resolve;
      this.#socket.write(LINE);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#server, 'exit');
    this.#socket.destroy();
    this.#server.stdin?.end();
    await exited;
    await rm(dirname(this.path), { recursive: true });
  }
}
