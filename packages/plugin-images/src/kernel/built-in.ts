import { gunzipSync } from 'node:zlib';

/** Module → what a kernel that has it built in was configured with, and a string that its code then holds. */
const TRACES: Readonly<Record<string, { readonly option: string; readonly text: string }>> = {
  virtio_pci: { option: 'CONFIG_VIRTIO_PCI', text: 'virtio-pci\0' },
  virtio_mmio: { option: 'CONFIG_VIRTIO_MMIO', text: 'virtio-mmio\0' },
  virtio_blk: { option: 'CONFIG_VIRTIO_BLK', text: 'virtio_blk\0' },
  virtio_console: { option: 'CONFIG_VIRTIO_CONSOLE', text: 'virtio_console\0' },
  virtio_net: { option: 'CONFIG_VIRTIO_NET', text: 'virtio_net\0' },
  ext4: { option: 'CONFIG_EXT4_FS', text: 'EXT4-fs (' },
  crc32c_generic: { option: 'CONFIG_CRYPTO_CRC32C', text: 'crc32c-generic\0' },
};

const MAX_CONFIG = 2 ** 24;

/** Those of the modules that nook's guest needs which an uncompressed kernel has built in. */
export function builtInModules(vmlinux: Buffer): string[] {
  const config = configOf(vmlinux);
  const has = ({ option, text }: (typeof TRACES)[string]) =>
    config === undefined ? vmlinux.includes(text, 0, 'latin1') : config.includes(`\n${option}=y\n`);
  return Object.entries(TRACES).flatMap(([module, trace]) => (has(trace) ? [module] : []));
}

/** The kernel's configuration, where it was built with CONFIG_IKCONFIG: between two marks (kernel/configs.c of Linux). */
function configOf(vmlinux: Buffer): string | undefined {
  const start = vmlinux.indexOf('IKCFG_ST\x1f\x8b', 0, 'latin1');
  const end = vmlinux.indexOf('IKCFG_ED', start, 'latin1');
  if (start === -1 || end === -1) return undefined;
  try {
    const limits = { maxOutputLength: MAX_CONFIG };
    return `\n${gunzipSync(vmlinux.subarray(start + 'IKCFG_ST'.length, end), limits).toString('latin1')}`;
  } catch {
    return undefined;
  }
}
