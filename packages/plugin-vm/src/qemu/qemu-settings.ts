export type Accelerator = 'kvm' | 'tcg';

/** `microvm` hangs its devices on virtio-mmio, `q35` on PCI. */
export type MachineType = 'microvm' | 'q35';

/** What the daemon's half of the driver tells the engine. */
export interface QemuSettings {
  readonly program: string;
  readonly machine: MachineType;
  /** The machine type with its version where it has one (`pc-q35-7.2`): what a guest sees does not change with an upgrade. */
  readonly machine_version: string;
  readonly accelerator: Accelerator;
  /** Words for the kernel that this host asks for. */
  readonly kernel_arguments: readonly string[];
}

/** Relative to QEMU's working directory: the kernel takes socket paths of 107 bytes only. */
export const SOCKETS = { qmp: 'qmp.sock', agent: 'agent.sock' } as const;
