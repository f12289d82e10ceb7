/** One entry of an archive. */
export interface CpioEntry {
  /** Without a leading slash. */
  readonly path: string;
  /** Type and permissions, as in `st_mode`. */
  readonly mode: number;
  readonly content?: Buffer;
  /** Of a device node. */
  readonly device?: { readonly major: number; readonly minor: number };
}

const TRAILER: CpioEntry = { path: 'TRAILER!!!', mode: 0 };

/**
 * An archive in the `newc` format of the kernel's initramfs. Owner root, time 0, numbered in order: the same entries
 * give the same bytes.
 */
export function writeCpio(entries: readonly CpioEntry[]): Buffer {
  const parts: Buffer[] = [];
  [...entries, TRAILER].forEach((entry, index) => {
    const name = Buffer.from(`${entry.path}\0`);
    const content = entry.content ?? Buffer.alloc(0);
    const header = Buffer.from(`070701${headerNumbers(entry, index, name, content).map(hex).join('')}`);
    parts.push(header, name, padding(header.length + name.length), content, padding(content.length));
  });
  return Buffer.concat(parts);
}

function headerNumbers(entry: CpioEntry, index: number, name: Buffer, content: Buffer): number[] {
  const isTrailer = entry === TRAILER;
  const links = entry.mode >> 12 === 0o04 ? 2 : 1;
  const device = entry.device ?? { major: 0, minor: 0 };
  // ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check
  return [
    isTrailer ? 0 : index + 1,
    entry.mode,
    0,
    0,
    links,
    0,
    content.length,
    0,
    0,
    device.major,
    device.minor,
    name.length,
    0,
  ];
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}

function padding(length: number): Buffer {
  return Buffer.alloc((4 - (length % 4)) % 4);
}
