import { open } from 'node:fs/promises';

/** A qcow2 header begins with its magic number and has the size of the disk, big-endian, at byte 24. */
const MAGIC = 0x5146_49fb;
const SIZE_AT = 24;

/** The size in bytes that the guest sees of a qcow2 file. @throws when it is none */
export async function virtualSize(path: string): Promise<number> {
  const header = Buffer.alloc(SIZE_AT + 8);
  const file = await open(path, 'r');
  try {
    await file.read(header, 0, header.length, 0);
  } finally {
    await file.close();
  }
  if (header.readUInt32BE(0) !== MAGIC) throw new Error(`'${path}' is not a qcow2 file`);
  return Number(header.readBigUInt64BE(SIZE_AT));
}
