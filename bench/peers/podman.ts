import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ForeignDaemon } from './foreign-daemon.ts';
import { installed } from './installed.ts';

const run = promisify(execFile);
const API = '/v4.0.0/libpod';
const IMAGE = 'nook-bench';
/** Each is an option as well. */
const folders = ['root', 'runroot', 'tmpdir'];
/** The last bytes of the answer to a ping. */
const PONG = '\r\n\r\nOK';

/** podman's REST service on a private socket, with a private store. */
export class Podman implements AsyncDisposable {
  readonly pid: number;
  /** With its version. */
  readonly label: string;
  /** Its command line client, told where the service is. */
  readonly remote: readonly string[];
  readonly #stack: AsyncDisposableStack;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #socketPath: string;
  readonly #local: readonly string[];
  readonly #dir: string;
  readonly #raw: Socket;
  #answered = () => {};

  private constructor(at: { dir: string; label: string; local: readonly string[] }, pid: number, raw: Socket) {
    this.pid = pid;
    this.label = at.label;
    this.#dir = at.dir;
    this.#local = at.local;
    this.#socketPath = socketIn(at.dir);
    this.remote = ['--remote', '--url', `unix://${this.#socketPath}`];
    this.#raw = raw.setEncoding('latin1').on('data', (text: string | Buffer) => {
      if (String(text).endsWith(PONG)) this.#answered();
    });
    this.#stack = new AsyncDisposableStack();
  }

  /** @returns undefined when podman is not installed */
  static async start(): Promise<Podman | undefined> {
    const program = await installed('podman');
    if (program === undefined) return undefined;
    await using starting = new AsyncDisposableStack();
    const dir = await mkdtemp(join(tmpdir(), 'nook-bench-'));
    starting.defer(() => removeStore(dir));
    // vfs: the only store that leaves no mount behind and works for every user.
    const local = ['--storage-driver', 'vfs', ...folders.flatMap((name) => [`--${name}`, join(dir, name)])];
    starting.defer(() => endPause(dir));
    const args = [...local, 'system', 'service', '--time', '0', `unix://${socketIn(dir)}`];
    const daemon = starting.use(await ForeignDaemon.start({ program, args, socket: socketIn(dir) }));
    const version = (await run(program, ['--version'])).stdout.trim().replace(' version', '');
    const raw = connect(socketIn(dir));
    await once(raw, 'connect');
    starting.defer(() => void raw.destroy());
    const podman = new Podman({ dir, label: version, local }, daemon.pid, raw);
    podman.#stack.use(starting.move());
    return podman;
  }

  /** Containers that were never started, of an image with one file. */
  async createContainers(count: number): Promise<void> {
    const file = join(this.#dir, 'file');
    await writeFile(file, '');
    await run('tar', ['-C', this.#dir, '--owner=0', '--group=0', '-cf', `${file}.tar`, 'file']);
    await run('podman', [...this.#local, 'import', `${file}.tar`, IMAGE]);
    const spec = { image: IMAGE, command: ['/file'], netns: { nsmode: 'none' } };
    for (let i = 0; i < count; i++) await this.#http('POST', `${API}/containers/create`, JSON.stringify(spec));
  }

  /** Over one HTTP connection that is kept. */
  async ping(): Promise<void> {
    await this.#http('GET', '/_ping');
  }

  /** The same bytes without an HTTP client. */
  async rawPing(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#answered = resolve;
      this.#raw.write('GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n');
    });
  }

  async list(): Promise<readonly unknown[]> {
    return JSON.parse(await this.#http('GET', `${API}/containers/json?all=true`)) as unknown[];
  }

  #http(method: string, path: string, body?: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { 'content-type': 'application/json' };
      const options = { socketPath: this.#socketPath, agent: this.#agent, method, path, headers };
      const asked = request(options, (response: IncomingMessage) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.once('error', reject).once('end', () => {
          if ((response.statusCode ?? 500) < 300) resolve(text);
          else reject(new Error(`podman answered ${response.statusCode} to ${method} ${path}: ${text}`));
        });
      });
      asked.once('error', reject).end(body);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
    await this.#stack.disposeAsync();
  }
}

/** The folders of a layer cannot be written, which stops all but root from removing what is in them. */
async function removeStore(dir: string): Promise<void> {
  await run('chmod', ['-R', 'u+rwX', dir]);
  await rm(dir, { recursive: true });
}

/** Without root, podman leaves a process behind that holds its user namespace. */
async function endPause(dir: string): Promise<void> {
  const pid = await readFile(join(dir, 'tmpdir/pause.pid'), 'utf8').catch(() => '');
  try {
    if (pid !== '') process.kill(Number(pid));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

const socketIn = (dir: string) => join(dir, 'podman.sock');
