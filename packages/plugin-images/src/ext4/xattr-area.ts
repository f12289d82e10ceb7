import { archiveError } from '../unpack/archive-error.ts';
import { crc32c } from './crc32c.ts';
import { diskAcl } from './posix-acl.ts';
import { BLOCK } from './volume.ts';

/** How ext4 writes the beginning of an attribute's name; the kernel knows no others on it. */
export const XATTR_PREFIXES: readonly (readonly [string, number])[] = [
  ['system.posix_acl_access', 2],
  ['system.posix_acl_default', 3],
  ['user.', 1],
  ['trusted.', 4],
  ['security.', 6],
  ['system.', 7],
];
export const XATTR_MAGIC = 0xea020000;
/** What an inode of 256 bytes has left for attributes, without the magic number before them. */
const IN_INODE = 256 - 160 - 4;
const HEADER = 32;

interface Attribute {
  readonly index: number;
  readonly name: string;
  readonly value: Buffer;
}

export interface XattrAreas {
  /** For the inode, after its fixed part; empty when none is there. */
  readonly inode: Buffer;
  /** Contents of a block, to be sealed with its number; absent when all fit into the inode. */
  readonly block: Buffer | undefined;
}

/** Lays out extended attributes as ext4 stores them. Those of kinds that Linux does not have are left out. */
export function xattrAreas(xattrs: ReadonlyMap<string, Buffer>): XattrAreas {
  const attributes = [...xattrs].flatMap(([name, value]) => toAttribute(name, value)).sort(byOrder);
  if (attributes.length === 0) return { inode: Buffer.alloc(0), block: undefined };
  const inside: Attribute[] = [];
  const outside: Attribute[] = [];
  let left = IN_INODE - 4;
  for (const attribute of attributes) {
    const size = spaceOf(attribute);
    if (size <= left) inside.push(attribute);
    else outside.push(attribute);
    if (size <= left) left -= size;
  }
  const inode = Buffer.alloc(inside.length === 0 ? 0 : IN_INODE + 4);
  if (inside.length > 0) {
    inode.writeUInt32LE(XATTR_MAGIC, 0);
    lay(inode.subarray(4), 0, inside);
  }
  if (outside.length === 0) return { inode, block: undefined };
  if (HEADER + 4 + outside.reduce((sum, attribute) => sum + spaceOf(attribute), 0) > BLOCK) {
    throw archiveError('A file has more extended attributes than ext4 can hold.');
  }
  const block = Buffer.alloc(BLOCK);
  block.writeUInt32LE(XATTR_MAGIC, 0);
  block.writeUInt32LE(1, 4);
  block.writeUInt32LE(1, 8);
  lay(block, HEADER, outside);
  block.writeUInt32LE(
    outside.reduce((hash, attribute) => ((hash << 16) ^ (hash >>> 16) ^ hashOf(attribute)) >>> 0, 0),
    12,
  );
  return { inode, block };
}

/** Puts the checksum into a block of attributes, which covers where it is. */
export function sealXattrBlock(block: Buffer, number: number, seed: number): void {
  const place = Buffer.alloc(8);
  place.writeBigUInt64LE(BigInt(number));
  block.writeUInt32LE(crc32c(crc32c(seed, place), block), 16);
}

function toAttribute(name: string, value: Buffer): Attribute[] {
  const [prefix, index] = XATTR_PREFIXES.find(([start]) => name.startsWith(start)) ?? [];
  if (prefix === undefined || index === undefined) return [];
  const rest = name.slice(prefix.length);
  const acl = index === 2 || index === 3;
  if (rest.length > 255 || (rest === '') !== acl) return [];
  return [{ index, name: rest, value: acl ? diskAcl(value) : value }];
}

function byOrder(a: Attribute, b: Attribute): number {
  return a.index - b.index || a.name.length - b.name.length || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

function spaceOf({ name, value }: Attribute): number {
  return 16 + pad(name.length) + pad(value.length);
}

function pad(length: number): number {
  return (length + 3) & ~3;
}

/** Entries from `start` on, values from the end backwards; offsets count from the beginning of the area. */
function lay(area: Buffer, start: number, attributes: readonly Attribute[]): void {
  let entry = start;
  let values = area.length;
  for (const attribute of attributes) {
    const { index, name, value } = attribute;
    values -= pad(value.length);
    value.copy(area, values);
    area[entry] = name.length;
    area[entry + 1] = index;
    area.writeUInt16LE(value.length === 0 ? 0 : values, entry + 2);
    area.writeUInt32LE(value.length, entry + 8);
    area.writeUInt32LE(hashOf(attribute), entry + 12);
    area.write(name, entry + 16, 'latin1');
    entry += 16 + pad(name.length);
  }
}

function hashOf({ name, value }: Attribute): number {
  let hash = 0;
  for (const byte of Buffer.from(name, 'latin1')) hash = ((hash << 5) ^ (hash >>> 27) ^ byte) >>> 0;
  const words = Buffer.alloc(pad(value.length));
  value.copy(words);
  for (let at = 0; at < words.length; at += 4) hash = ((hash << 16) ^ (hash >>> 16) ^ words.readUInt32LE(at)) >>> 0;
  return hash;
}
