import type { FeatureDrive } from '@nook/daemonapi';
import type { NetworkPlan } from '../contract.ts';

export type Accelerator = 'kvm' | 'tcg';

/** `microvm` hangs its devices on virtio-mmio, `q35` on PCI. */
export type MachineType = 'microvm' | 'q35';

/** All that QEMU's command line is made from. Absolute paths. */
export interface MachineSpec {
  readonly name: string;
  /** The VM's folder; QEMU runs in its `machine` subfolder. */
  readonly dir: string;
  readonly qemu: string;
  readonly machine: MachineType;
  readonly accelerator: Accelerator;
  readonly vcpus: number;
  readonly memory_mib: number;
  readonly vmlinux: string;
  readonly initramfs: string;
  /** The immutable raw image under the VM's overlay. */
  readonly base_image: string;
  readonly mac: string;
  readonly network: NetworkPlan;
  /** Words more for the kernel's command line. */
  readonly kernel_args?: readonly string[] | undefined;
  /** Beside the machine's own disk. */
  readonly drives?: readonly FeatureDrive[] | undefined;
}

/** Files of a running machine, relative to QEMU's working directory: the kernel takes socket paths of 107 bytes only. */
export const MACHINE_FILES = { disk: 'disk.qcow2', qmp: 'qmp.sock', agent: 'agent.sock' } as const;
