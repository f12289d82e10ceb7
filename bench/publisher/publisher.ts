import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RpcClient } from '../../packages/wire/src/index.ts';

/** A daemon that publishes, in a home of its own. */
export class Publisher implements AsyncDisposable {
  readonly socket: string;
  readonly #home: string;
  readonly #child: ChildProcess;
  readonly #client: RpcClient;

  static async start(): Promise<Publisher> {
    const home = await mkdtemp(join(tmpdir(), 'nook-bench-'));
    const child = spawn(process.execPath, ['--max-semi-space-size=2', join(import.meta.dirname, 'main.ts')], {
      env: { ...process.env, NOOK_HOME: home, NOOK_READY_FD: '3' },
      stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
    });
    await once(child.stdio[3] as NodeJS.ReadableStream, 'data');
    const client = await RpcClient.connect(join(home, 'run/nookd.sock'));
    return new Publisher(home, child, client);
  }

  private constructor(home: string, child: ChildProcess, client: RpcClient) {
    this.socket = join(home, 'run/nookd.sock');
    this.#home = home;
    this.#child = child;
    this.#client = client;
  }

  async publish(count: number, { durable }: { readonly durable: boolean }): Promise<void> {
    await this.#client.call('publisher.publish', { count, durable });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#client.close();
    this.#child.kill('SIGTERM');
    await exited;
    await rm(this.#home, { recursive: true });
  }
}
