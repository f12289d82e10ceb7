import {
  type Logger,
  type MachineEngine,
  type MachineHost,
  type MachineSpec,
  type MachineState,
  NookError,
  type RunningMachine,
  type SavedState,
  type StartedMachine,
  type VmDriverCapability,
} from '@nook/daemonapi';
import type { DriverSpec } from './host-spec.ts';

/** The one machine of this vmhost, as its driver runs it. What the driver does not declare is refused by its name. */
export class DrivenMachine {
  readonly #driver: DriverSpec;
  readonly #spec: MachineSpec;
  #running: RunningMachine | undefined;
  #started: StartedMachine | undefined;
  #paused = false;

  constructor(driver: DriverSpec, spec: MachineSpec) {
    this.#driver = driver;
    this.#spec = spec;
  }

  get pid(): number | undefined {
    return this.#running?.pid;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** What may be asked of it now. */
  get abilities(): { readonly powerdown: boolean; readonly quit: boolean } {
    const powerdown = this.#started !== undefined && this.can('powerdown');
    return { powerdown, quit: this.#started !== undefined };
  }

  can(capability: VmDriverCapability): boolean {
    return this.#driver.capabilities.includes(capability);
  }

  /**
   * @param tap the descriptor of the tap, for a network of mode `tap`
   * @throws what the engine says, or that there is none
   */
  async launch(host: MachineHost, tap?: number): Promise<RunningMachine> {
    if (this.#spec.resume !== undefined && !this.can('ram_snapshot')) throw this.#refusal('resume');
    if (this.#spec.shares?.length && !this.can('mount_9p')) throw this.#refusal('mount folders of the host in');
    const engine = (await import(this.#driver.engine).catch((error: Error) => {
      throw new Error(`the engine of driver '${this.#driver.name}' cannot be loaded: ${error.message}`);
    })) as Partial<MachineEngine>;
    if (typeof engine.createMachine !== 'function') {
      throw new Error(`the engine of driver '${this.#driver.name}' exports no createMachine`);
    }
    const { network } = this.#spec;
    const spec = tap === undefined ? this.#spec : { ...this.#spec, network: { ...network, tap_fd: tap } };
    const running = await engine.createMachine(spec, host);
    this.#running = running;
    return running;
  }

  /** Resolves when the machine takes orders. */
  async started(): Promise<StartedMachine> {
    this.#started = await (this.#running as RunningMachine).started;
    return this.#started;
  }

  kill(): void {
    this.#running?.kill();
  }

  /** @returns false when its process is gone */
  signal(number: number): boolean {
    const signal = this.#running?.signal?.bind(this.#running);
    if (!this.can('signal') || signal === undefined) throw this.#refusal('send a signal to the process of');
    return signal(number);
  }

  /** The machine ends, or refuses: then the next stage of a stop is due. */
  order(what: 'powerdown' | 'quit', log: Logger): void {
    const order = this.#started?.[what]?.bind(this.#started);
    order?.().catch((error: Error) => log.debug({ error: error.message, order: what }, 'the machine refused'));
  }

  async pause(): Promise<void> {
    await this.#ability('pause').call(this.#started);
    this.#paused = true;
  }

  async resume(): Promise<void> {
    await this.#ability('resume').call(this.#started);
    this.#paused = false;
  }

  /** The guest stands still afterwards. */
  async saveState(to: MachineState): Promise<SavedState> {
    const saveState = this.#started?.saveState?.bind(this.#started);
    if (!this.can('ram_snapshot') || saveState === undefined) throw this.#refusal('save the memory of');
    const saved = await saveState(to);
    this.#paused = true;
    return saved;
  }

  async switchDisk(path: string): Promise<void> {
    const switchDisk = this.#started?.switchDisk?.bind(this.#started);
    if (!this.can('disk_snapshot') || switchDisk === undefined) throw this.#refusal('snapshot the disk of');
    await switchDisk(path);
  }

  async growDisk(bytes: number): Promise<void> {
    const growDisk = this.#started?.growDisk?.bind(this.#started);
    if (!this.can('disk_resize') || growDisk === undefined) throw this.#refusal('grow the disk of');
    await growDisk(bytes);
  }

  async connectNetwork(network: MachineSpec['network']): Promise<void> {
    const connectNetwork = this.#started?.connectNetwork?.bind(this.#started);
    if (!this.can('network_connect') || connectNetwork === undefined) throw this.#refusal('connect the network of');
    await connectNetwork(network);
  }

  async setForwards(forwards: MachineSpec['network']['host_forwards']): Promise<void> {
    const setForwards = this.#started?.setForwards?.bind(this.#started);
    if (!this.can('port_forwards') || setForwards === undefined) throw this.#refusal('change the published ports of');
    await setForwards(forwards);
  }

  #ability(method: 'pause' | 'resume'): () => Promise<void> {
    const ability = this.#started?.[method];
    if (this.can('pause') && ability !== undefined) return ability;
    throw this.#refusal(method);
  }

  #refusal(verb: string): NookError {
    return new NookError('unavailable', `Driver '${this.#driver.name}' cannot ${verb} a VM.`);
  }
}
