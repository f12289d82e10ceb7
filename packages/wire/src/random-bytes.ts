import { closeSync, openSync, readSync } from 'node:fs';

/**
 * Random bytes from the kernel's generator, fit for tokens. Not from node:crypto: loading that costs each process of
 * nook 1 MB of memory of its own, and there is one for every VM.
 */
export function randomBytes(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  const device = openSync('/dev/urandom', 'r');
  try {
    for (let filled = 0; filled < size; ) filled += readSync(device, bytes, filled, size - filled, null);
  } finally {
    closeSync(device);
  }
  return bytes;
}
