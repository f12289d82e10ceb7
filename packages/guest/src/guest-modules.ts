/** How virtio devices are attached to the machines that nook's guest boots on. */
export type GuestDevices = 'pci' | 'mmio';

const TRANSPORT: Record<GuestDevices, string> = { pci: 'virtio_pci', mmio: 'virtio_mmio' };

/** What every guest needs, whatever its machine: the disk, the agent's port, the network card. */
export const GUEST_MODULES: readonly string[] = ['virtio_blk', 'virtio_console', 'virtio_net'];

/** The modules to hand to `buildInitramfs` for a way of attaching devices; their dependencies are found by it. */
export function guestModules(devices: GuestDevices): string[] {
  return [TRANSPORT[devices], ...GUEST_MODULES];
}
