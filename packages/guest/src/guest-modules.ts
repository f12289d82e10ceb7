/** The machine types that nook's guest boots on. They differ in how virtio devices are attached. */
export type GuestMachine = 'q35' | 'microvm';

const TRANSPORT: Record<GuestMachine, string> = { q35: 'virtio_pci', microvm: 'virtio_mmio' };

/** What every guest needs, whatever its machine: the disk, the agent's port, the network card. */
export const GUEST_MODULES: readonly string[] = ['virtio_blk', 'virtio_console', 'virtio_net'];

/** The modules to hand to `buildInitramfs` for a machine type; their dependencies are found by it. */
export function guestModules(machine: GuestMachine): string[] {
  return [TRANSPORT[machine], ...GUEST_MODULES];
}
