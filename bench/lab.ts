import { setTimeout as delay } from 'node:timers/promises';
import type { VmView } from '../packages/plugin-vm/src/contract.ts';
import { RpcClient } from '../packages/wire/src/index.ts';
import { Home } from '../tests/harness/home.ts';
import { memoryOf } from './process-memory.ts';
import type { Row } from './row.ts';

interface LabOptions {
  /** What is run instead of the launcher. */
  readonly program?: readonly string[];
  readonly quick: boolean;
  readonly config?: string;
  readonly store?: string;
}

/** What measurements work with: a home of their own, an open connection to its daemon, and how thorough to be. */
export class Lab implements AsyncDisposable {
  readonly home: Home;
  readonly client: RpcClient;
  readonly quick: boolean;

  private constructor(home: Home, client: RpcClient, quick: boolean) {
    this.home = home;
    this.client = client;
    this.quick = quick;
  }

  /**
   * @param options.config of config.toml; absent: nothing is done unasked, so that every VM is booted
   * @param options.store of images and kernels; absent: the one that is kept between runs
   */
  static async open({ quick, store = process.env.NOOK_STORE, ...options }: LabOptions): Promise<Lab> {
    const home = await Home.create({ ...(store ? { store } : {}), ...options });
    await home.ok('daemon', 'start');
    return new Lab(home, await RpcClient.connect(socketOf(home)), quick);
  }

  /** Where the daemon listens. */
  get socket(): string {
    return socketOf(this.home);
  }

  /** `thorough` samples, or `quick` ones where the run is to be short. */
  count(thorough: number, quick: number): number {
    return this.quick ? quick : thorough;
  }

  async call<T>(method: string, params: object = {}): Promise<T> {
    return (await this.client.call(method, params)) as T;
  }

  /** A running VM that is removed again when it is disposed of. */
  async vm(image: string): Promise<VmView & AsyncDisposable> {
    const { vm } = await this.call<{ vm: VmView }>('vm.run', { image, detach: true });
    return { ...vm, [Symbol.asyncDispose]: () => this.remove(vm.name) };
  }

  async remove(name: string): Promise<void> {
    await this.call('vm.delete', { name, force: true });
  }

  async daemonPid(): Promise<number> {
    return (await this.call<{ pid: number }>('ping')).pid;
  }

  /** MB of 10⁶ bytes. */
  async daemonRss(): Promise<number> {
    return (await memoryOf(await this.daemonPid())).rss;
  }

  /** Lets `ms` of quiet pass: for what is to be measured at rest, not a wait for anything. */
  async rest(ms: number): Promise<void> {
    await delay(ms);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    await this.home[Symbol.asyncDispose]();
  }
}

const socketOf = (home: Home) => `${home.dir}/run/nookd.sock`;

export type Measurement = (lab: Lab) => Promise<Row[]>;
