import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './umoci.ts';

export const RELEASE = '6.1.0-nook';
const BANNER = `Linux version ${RELEASE} (somebody@nowhere) (gcc 12) #1 SMP Tue\n\0`;
/** What a kernel holds that has all built in which a VM needs. */
const BUILT_IN = 'virtio-mmio\0virtio_blk\0virtio_console\0virtio_net\0EXT4-fs (%s)\0';

interface Parts {
  readonly noteType?: number;
  readonly machine?: number;
  readonly text?: string;
}

/** An ELF with nothing but a PVH note, what a kernel says of itself, and some bytes that repeat. */
export function vmlinux({ noteType = 18, machine = 62, text = BUILT_IN + BANNER }: Parts = {}): Buffer {
  const note = Buffer.alloc(20);
  note.writeUInt32LE(4, 0);
  note.writeUInt32LE(4, 4);
  note.writeUInt32LE(noteType, 8);
  note.write('Xen\0', 12, 'latin1');
  const header = Buffer.alloc(64 + 56);
  header.write('\x7fELF\x02\x01\x01', 0, 'latin1');
  header.writeUInt16LE(machine, 18);
  header.writeBigUInt64LE(64n, 32);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(1, 56);
  header.writeUInt32LE(4, 64);
  header.writeBigUInt64LE(120n, 64 + 8);
  header.writeBigUInt64LE(20n, 64 + 32);
  return Buffer.concat([header, note, Buffer.from(text), Buffer.from('nook'.repeat(5000))]);
}

/** A kernel that has nothing built in which a VM needs. */
export const bareVmlinux = () => vmlinux({ text: BANNER });

/** A folder as `make modules_install` leaves it, with empty modules that a compiler made. */
export async function modulesFolder(directory: string, names: readonly string[], release = RELEASE): Promise<string> {
  const folder = join(directory, 'lib/modules', release);
  await mkdir(join(folder, 'kernel/drivers'), { recursive: true });
  const source = join(directory, 'module.c');
  const info = `depends=\\0vermagic=${release} SMP mod_unload `;
  await writeFile(source, `static const char i[] __attribute__((section(".modinfo"), used)) = "${info}";`);
  for (const name of names) run('musl-gcc', '-c', '-o', join(folder, 'kernel/drivers', `${name}.ko`), source);
  return folder;
}
