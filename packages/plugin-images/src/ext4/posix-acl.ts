import { archiveError } from '../unpack/archive-error.ts';

const USER = 2;
const GROUP = 8;

/** An access control list as getxattr(2) gives it (version 2, eight bytes an entry), as ext4 stores it (version 1). */
export function diskAcl(value: Buffer): Buffer {
  if (value.length < 4 || value.readUInt32LE(0) !== 2 || (value.length - 4) % 8 !== 0) {
    throw archiveError('A file has an access control list that is damaged.');
  }
  const parts: Uint8Array[] = [Buffer.from([1, 0, 0, 0])];
  for (let at = 4; at < value.length; at += 8) {
    const tag = value.readUInt16LE(at);
    parts.push(value.subarray(at, at + (tag === USER || tag === GROUP ? 8 : 4)));
  }
  return Buffer.concat(parts);
}
