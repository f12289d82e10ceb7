import { archiveError } from '../unpack/archive-error.ts';
import { xattrAcl } from './posix-acl.ts';
import { XATTR_MAGIC, XATTR_PREFIXES } from './xattr-area.ts';

/** Extended attributes of one area: that of an inode, or a block. Names are latin-1: one character a byte. */
export function readXattrs(area: Buffer, inBlock: boolean): [string, Buffer][] {
  if (area.length < 4 || area.readUInt32LE(0) !== XATTR_MAGIC) return [];
  const found: [string, Buffer][] = [];
  // In an inode, values are counted from the first entry, in a block from its beginning.
  const values = inBlock ? area : area.subarray(4);
  for (let at = inBlock ? 32 : 4; at + 16 <= area.length && area.readUInt32LE(at) !== 0; ) {
    const [length, index] = [area[at] ?? 0, area[at + 1]];
    const [offset, size] = [area.readUInt16LE(at + 2), area.readUInt32LE(at + 8)];
    if (area.readUInt32LE(at + 4) !== 0) throw archiveError('A file has an attribute too large to be exported.', HINT);
    if (offset + size > values.length || at + 16 + length > area.length)
      throw archiveError('An attribute is damaged.', HINT);
    const [prefix] = XATTR_PREFIXES.find(([, number]) => number === index) ?? [];
    const value = Buffer.from(values.subarray(offset, offset + size));
    const name = `${prefix}${area.toString('latin1', at + 16, at + 16 + length)}`;
    if (prefix !== undefined) found.push([name, index === 2 || index === 3 ? xattrAcl(value) : value]);
    at += 16 + ((length + 3) & ~3);
  }
  return found;
}

const HINT = 'Look at the disk: nook doctor, or e2fsck -fn DISK';
