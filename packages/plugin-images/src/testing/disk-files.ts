import {
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { run } from './umoci.ts';

/** Where the partition of {@link partitionedDisk} begins. */
const PARTITION_AT = 2 ** 20;

/** A raw ext4 of a few files, as `mke2fs` makes it. */
export function rawDisk(directory: string, ...more: readonly string[]): string {
  const [root, disk] = [join(directory, 'root'), join(directory, 'disk')];
  for (const name of ['bin', 'dev', 'etc', 'proc', 'run', 'sys', 'tmp'])
    mkdirSync(join(root, name), { recursive: true });
  writeFileSync(join(root, 'bin/sh'), 'sh', { mode: 0o755 });
  writeFileSync(join(root, 'etc/large'), Buffer.alloc(3_000_000, 'large'));
  run('mke2fs', '-q', '-t', 'ext4', '-d', root, ...more, disk, '16M');
  return disk;
}

/** The disk as the one partition of another, of the old or of the new kind. */
export function partitionedDisk(directory: string, disk: string, kind: 'mbr' | 'gpt'): string {
  const path = join(directory, kind);
  writeFileSync(path, Buffer.alloc(PARTITION_AT));
  run('dd', `if=${disk}`, `of=${path}`, 'bs=1M', 'seek=1', 'status=none');
  const bytes = 16 * 2 ** 20;
  truncateSync(path, PARTITION_AT + bytes + PARTITION_AT);
  const [from, sectors] = [PARTITION_AT / 512, bytes / 512];
  if (kind === 'gpt') {
    const header = Buffer.alloc(92);
    header.write('EFI PART', 'latin1');
    header.writeBigUInt64LE(2n, 72);
    header.writeUInt32LE(128, 80);
    header.writeUInt32LE(128, 84);
    const entry = Buffer.alloc(128);
    entry.fill(1, 0, 32);
    entry.writeBigUInt64LE(BigInt(from), 32);
    entry.writeBigUInt64LE(BigInt(from + sectors - 1), 40);
    poke(path, [512, header], [1024, entry]);
    pokeMbr(path, { type: 0xee, from: 1, sectors: 0xffffffff });
  } else pokeMbr(path, { type: 0x83, from, sectors });
  return path;
}

interface MbrEntry {
  readonly type: number;
  readonly from: number;
  readonly sectors: number;
  readonly place?: number;
}

export function pokeMbr(path: string, { type, from, sectors, place = 0 }: MbrEntry): void {
  const entry = Buffer.alloc(16);
  entry[4] = type;
  entry.writeUInt32LE(from, 8);
  entry.writeUInt32LE(sectors, 12);
  poke(path, [446 + 16 * place, entry], [510, Buffer.from([0x55, 0xaa])]);
}

/** Overwrites stretches of a file. */
export function poke(path: string, ...changes: readonly (readonly [number, Buffer])[]): void {
  const fd = openSync(path, 'r+');
  for (const [at, bytes] of changes) writeSync(fd, bytes, 0, bytes.length, at);
  closeSync(fd);
}

/** A number of a superblock in its place. */
export function pokeSuperblock(path: string, offset: number, value: number): void {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  poke(path, [1024 + offset, bytes]);
}

export function peek(path: string, at: number): number {
  const bytes = Buffer.alloc(4);
  const fd = openSync(path, 'r');
  readSync(fd, bytes, 0, 4, at);
  closeSync(fd);
  return bytes.readUInt32LE();
}

export function copyOf(path: string, name: string): string {
  const copy = `${path}.${name}`;
  copyFileSync(path, copy);
  return copy;
}
