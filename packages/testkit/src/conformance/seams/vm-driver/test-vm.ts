import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MachineSpec, VmDriver } from '@nook/daemonapi';
import { startTestDaemon, type TestDaemon } from '../../../test-daemon.ts';
import { within } from '../../subject-box.ts';
import { type CommandEnd, type Followed, follow, type Session } from './guest-command.ts';
import type { DriverSubject } from './options.ts';
import { processesOf, untilGone } from './processes.ts';

/** What the suite reads of what `vm.show` answers. */
export interface Shown {
  readonly state: string;
  readonly cause?: string;
  readonly driver: string;
  readonly accelerator?: string;
  readonly machine?: string;
  /** Of the machine's process, whatever the driver. */
  readonly qemu_pid?: number;
  readonly dir: string;
}

const ENDED = ['stopped', 'failed'];

type Call = (method: string, params: object) => Promise<unknown>;

const NAME = 'subject';
/** For what takes as long as a guest does; a start has a deadline of its own. */
const GUEST_MS = 60_000;
const GONE_MS = 5_000;

/** A daemon with the driver under test, and one VM on it. Both are gone at the end, and nothing of them is left. */
export class TestVm implements AsyncDisposable {
  readonly driver: VmDriver;
  readonly daemon: TestDaemon;
  readonly #call: Call;

  /** A VM that has not been started. @param more of the request to create it */
  static async create(subject: DriverSubject, more: object = {}): Promise<TestVm> {
    const { plugin, with: others = [], driver, config = {}, env = {}, fakes = {} } = subject;
    const daemon = await startTestDaemon({
      plugins: [plugin, ...others],
      fakes,
      env,
      // A saved machine would be made while the suite counts what is there.
      config: { ...config, vm: { templates: { auto: false }, ...config.vm, driver } },
    });
    try {
      const vm = new TestVm(daemon, driver);
      await vm.#call('vm.create', { name: NAME, image: 'busybox', memory: '256MiB', network: 'none', ...more });
      return vm;
    } catch (error) {
      await daemon[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** One that runs. */
  static async running(subject: DriverSubject, more: object = {}): Promise<TestVm> {
    const vm = await TestVm.create(subject, more);
    try {
      await vm.start();
      return vm;
    } catch (error) {
      await vm[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(daemon: TestDaemon, name: string) {
    this.daemon = daemon;
    this.#call = daemon.call as Call;
    const driver = daemon.contributions('vm.driver').find((contributed) => contributed.name === name);
    assert.ok(driver !== undefined, `no plugin of this daemon contributes the driver '${name}'`);
    this.driver = driver;
  }

  show(): Promise<Shown> {
    return this.#call('vm.show', { name: NAME }) as Promise<Shown>;
  }

  /** Calls `vm.VERB`. */
  verb(verb: string, params: object = {}): Promise<unknown> {
    return this.#call(`vm.${verb}`, { name: NAME, ...params });
  }

  /** Asks for a template of what it is. */
  async warm(): Promise<void> {
    await this.#call('vm.template.warm', { image: 'busybox', memory: '256MiB' });
  }

  /** @param port `ADDRESS:HOST:GUEST` */
  async publish(port: string): Promise<void> {
    await this.#call('net.publish', { vm: NAME, port });
  }

  async unpublish(port: string): Promise<void> {
    await this.#call('net.unpublish', { vm: NAME, port });
  }

  start(): Promise<unknown> {
    return this.verb('start');
  }

  /** Stops within its deadline and a moment for the answer. */
  async stop(seconds = 10): Promise<void> {
    const stopped = this.verb('stop', { timeout_seconds: seconds });
    await within(seconds * 1_000 + GONE_MS, `a stop with a deadline of ${seconds} s`, stopped);
  }

  /** What the engine was given at the latest start. */
  async spec(): Promise<MachineSpec> {
    const { dir } = await this.show();
    return (JSON.parse(await readFile(join(dir, 'spec.json'), 'utf8')) as { machine: MachineSpec }).machine;
  }

  /** Pid of the machine's process, which runs. */
  async pid(): Promise<number> {
    const { qemu_pid, state } = await this.show();
    assert.ok(qemu_pid !== undefined, `a VM that is ${state} has no process`);
    return qemu_pid;
  }

  /** Starts a script, which may end with the VM. */
  async begin(script: string): Promise<Followed> {
    return follow((await this.verb('exec.start', { argv: ['sh', '-c', script], stdin: false })) as Session);
  }

  /** Starts one that prints something when it has done what it is for; it goes on beside. */
  async beside(script: string): Promise<void> {
    const { said } = await this.begin(script);
    await within(GUEST_MS, `the first that '${script}' prints`, said);
  }

  /** Runs a script to its end. */
  async sh(script: string): Promise<CommandEnd> {
    const { ended } = await this.begin(script);
    return within(GUEST_MS, `'${script}' in the guest`, ended);
  }

  /** What a script prints that must succeed. */
  async output(script: string): Promise<string> {
    const { end, stdout } = await this.sh(script);
    assert.deepEqual(end, { code: 0 }, `'${script}' in the guest`);
    return stdout;
  }

  /** Resolves once the VM is in this state, which nobody asked it to be in. */
  async becomes(state: string): Promise<Shown> {
    const deadline = performance.now() + GUEST_MS;
    for (let shown = await this.show(); ; shown = await this.show()) {
      if (shown.state === state) return shown;
      const left = deadline - performance.now();
      const seen = `the VM is ${shown.state}${shown.cause === undefined ? '' : ` (${shown.cause})`}, not ${state}`;
      if (left < 0 || ENDED.includes(shown.state)) throw new Error(seen);
      await this.daemon.nextEvent('vm.state', { timeoutMs: 200 }).catch(() => {});
    }
  }

  /** What holds of a VM that does not run. @throws what is left of its machine */
  async nothingIsLeft(pid: number): Promise<void> {
    await untilGone(pid, 'the process of a machine that has ended', GONE_MS);
    const { dir } = await this.show();
    const left = readdirSync(join(dir, 'machine')).filter((file) => !file.endsWith('.qcow2'));
    assert.deepEqual(left, [], 'files that the machine has left in its folder');
    assert.deepEqual(processesOf(dir), [], 'processes that carry the folder of a VM that has ended');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.verb('delete', { force: true });
    } finally {
      await this.daemon[Symbol.asyncDispose]();
    }
  }
}
