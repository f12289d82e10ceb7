// https://gitlab.com/qemu-project/qemu/-/blob/master/docs/interop/qcow2.txt
import { NookError } from '@nook/daemonapi';

const MAGIC = 0x514649fb;

const DIRTY = 1n;
const COMPRESSION = 8n;
const EXTENDED_ENTRIES = 16n;
const CORRUPT = 2n;
const EXTERNAL_DATA = 4n;
const DATA_FILE_NAME = 0x44415441;

export function isQcow2(bytes: Buffer): boolean {
  return bytes.length >= 104 && bytes.readUInt32BE(0) === MAGIC;
}

/**
 * What a qcow2 says of itself, looked at before any program opens it: it could name other files of the host.
 * @returns bytes of the disk
 * @throws NookError `bad_request` when it needs another file or a key, or is damaged
 */
export function checkQcow2(bytes: Buffer): number {
  const version = bytes.readUInt32BE(4);
  if (version !== 2 && version !== 3) throw refused(`it is a qcow2 of version ${version}`);
  if (bytes.readBigUInt64BE(8) !== 0n || bytes.readUInt32BE(16) !== 0) {
    throw refused('it stands on another file', 'Make a whole one of it first: qemu-img convert -O qcow2 DISK WHOLE');
  }
  if (bytes.readUInt32BE(32) !== 0) throw refused('it is encrypted');
  const features = version === 3 ? bytes.readBigUInt64BE(72) : 0n;
  if ((features & EXTERNAL_DATA) !== 0n || namesDataFile(bytes, version)) {
    throw refused('its data is in another file', 'Make a whole one of it first: qemu-img convert -O qcow2 DISK WHOLE');
  }
  if ((features & CORRUPT) !== 0n) throw refused('it is marked as corrupt', 'Look at it: qemu-img check DISK');
  if ((features & ~(DIRTY | COMPRESSION | EXTENDED_ENTRIES)) !== 0n)
    throw refused('it has features that nook does not know');
  const size = bytes.readBigUInt64BE(24);
  if (size > BigInt(Number.MAX_SAFE_INTEGER)) throw refused('it says that it is larger than any disk');
  return Number(size);
}

/** Looks through the extensions that follow the header. */
function namesDataFile(bytes: Buffer, version: number): boolean {
  let at = version === 3 ? bytes.readUInt32BE(100) : 72;
  while (at + 8 <= bytes.length) {
    const type = bytes.readUInt32BE(at);
    if (type === 0) return false;
    if (type === DATA_FILE_NAME) return true;
    at += 8 + Math.ceil(bytes.readUInt32BE(at + 4) / 8) * 8;
  }
  return false;
}

function refused(why: string, hint = 'Make a new one: qemu-img convert -O qcow2 DISK WHOLE') {
  return new NookError('bad_request', `The qcow2 disk cannot be imported: ${why}.`, { hint });
}
