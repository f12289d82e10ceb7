import { basename } from 'node:path';
import type { Logger, VmDriver } from '@nook/daemonapi';
import { Acceleration } from './acceleration.ts';
import { GuestClock } from './guest-clock.ts';
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
  const clock = new GuestClock(options);
  const installed = new InstalledQemu(config.qemu, cacheDir);
  const driver: VmDriver = {
    name: 'qemu',
    title: 'QEMU',
    capabilities: [
      'disk_resize',
      'disk_snapshot',
      'drives',
      'mount_9p',
      'network_connect',
      'pause',
      'port_forwards',
      'powerdown',
      'ram_snapshot',
      'signal',
      'tap_network',
      'user_network',
    ],
    devices: config.machine === 'q35' ? 'pci' : 'mmio',
    engine: import.meta.resolve('@nook/plugin-vm/qemu-engine'),
    programs: [basename(config.qemu)],
    async prepare({ kernel, run_as }, signal) {
      const { version, machines } = await installed.facts(signal);
      const { machine, qemu: program } = config;
      const wanted = { program, machine, machine_version: machines[machine] };
      const { accelerator } = await acceleration.choose({ settings: wanted, kernel, run_as }, signal);
      const reference = { program, machine: 'q35', machine_version: machines.q35, accelerator } as const;
      const emulated = machine === 'microvm' && accelerator === 'tcg';
      const words = emulated ? await clock.words({ settings: reference, kernel, run_as }, signal) : [];
      const settings: QemuSettings = {
        ...{ ...wanted, accelerator, cpu: cpuModel(accelerator) },
        kernel_arguments: [...kernelArguments(accelerator, config.aslr), ...words],
      };
      return { accelerator, machine, version, settings: { ...settings } };
    },
  };
  return { driver, acceleration };
}
