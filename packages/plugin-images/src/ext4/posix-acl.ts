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

/** The inverse of {@link diskAcl}. */
export function xattrAcl(value: Buffer): Buffer {
  const parts: Uint8Array[] = [Buffer.from([2, 0, 0, 0])];
  for (let at = 4; at + 4 <= value.length; ) {
    const tag = value.readUInt16LE(at);
    const named = tag === USER || tag === GROUP;
    parts.push(named ? value.subarray(at, at + 8) : Buffer.concat([value.subarray(at, at + 4), NOBODY]));
    at += named ? 8 : 4;
  }
  return Buffer.concat(parts);
}

const NOBODY = Buffer.from('ffffffff', 'hex');
