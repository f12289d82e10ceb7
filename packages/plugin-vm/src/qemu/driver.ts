import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Logger, VmDriver } from '@nook/daemonapi';
import { programFile } from '@nook/wire';
import { Acceleration } from './acceleration.ts';
import { InstalledQemu } from './installed-qemu.ts';
import { cpuModel, kernelArguments } from './qemu-argv.ts';
import type { QemuConfig } from './qemu-config.ts';
import type { QemuSettings } from './qemu-settings.ts';

interface QemuDriverOptions {
  readonly config: QemuConfig;
  readonly cacheDir: string;
  readonly log: Logger;
}

/** QEMU as `vm.driver` has it: the half that lives in the daemon. */
export function qemuDriver(options: QemuDriverOptions): { driver: VmDriver; acceleration: Acceleration } {
  const { config, cacheDir } = options;
  const acceleration = new Acceleration(options);
  const installed = new InstalledQemu(config.qemu, cacheDir);
  const driver: VmDriver = {
    name: 'qemu',
    title: 'QEMU',
    capabilities: ['disk_snapshot', 'network_connect', 'pause', 'powerdown', 'ram_snapshot', 'user_network'],
    devices: config.machine === 'q35' ? 'pci' : 'mmio',
    engine: pathToFileURL(programFile('qemu-engine', import.meta.url)).href,
    programs: [basename(config.qemu)],
    async prepare({ kernel, run_as }, signal) {
      const { version, machines } = await installed.facts(signal);
      const { machine } = config;
      const wanted = { program: config.qemu, machine, machine_version: machines[machine] };
      const { accelerator } = await acceleration.choose({ ...wanted, kernel, run_as }, signal);
      const settings: QemuSettings = {
        ...{ ...wanted, accelerator, cpu: cpuModel(accelerator) },
        kernel_arguments: kernelArguments(accelerator, config.aslr),
      };
      return { accelerator, machine, version, settings: { ...settings } };
    },
  };
  return { driver, acceleration };
}
