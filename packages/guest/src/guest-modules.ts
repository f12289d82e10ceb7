/** How virtio devices are attached to the machines that nook's guest boots on. */
export type GuestDevices = 'pci' | 'mmio';

const TRANSPORT: Record<GuestDevices, string> = { pci: 'virtio_pci', mmio: 'virtio_mmio' };

/**
 * What every guest needs, whatever its machine: the disk and its file system (which asks for crc32c by name, not as a
 * dependency), the agent's port, the network card.
 */
export const GUEST_MODULES: readonly string[] = [
  'virtio_blk',
  'crc32c_generic',
  'ext4',
  'virtio_console',
  'virtio_net',
];

/** Of those, what a kernel may do without: newer ones compute CRC-32C in a library of theirs. */
export const OPTIONAL_MODULES: readonly string[] = ['crc32c_generic'];

/** What a guest needs for folders that it shares with the host. */
export const SHARE_MODULES: readonly string[] = ['9pnet_virtio', '9p'];

/** The modules to hand to `buildInitramfs` for a way of attaching devices; their dependencies are found by it. */
export function guestModules(devices: GuestDevices): string[] {
  return [TRANSPORT[devices], ...GUEST_MODULES];
}
