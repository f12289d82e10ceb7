import { spawnSync } from 'node:child_process';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { findProgram } from '../processes/environment.ts';
import { isLz4Legacy, unpackLz4Legacy } from './lz4-legacy.ts';
import { MAX_KERNEL } from './max-kernel.ts';

/** Unpacks a kernel's payload. Its last four bytes are the size of what is in it, whatever the compression. */
export function unpackPayload(payload: Buffer): Buffer {
  const size = payload.readUInt32LE(payload.length - 4);
  if (size > MAX_KERNEL) throw new RangeError(`the kernel claims to hold ${size} bytes`);
  // gzip ends with that very size as part of its own format; the others have it appended.
  const packed = payload.subarray(0, -4);
  const limits = { maxOutputLength: MAX_KERNEL };
  if (isLz4Legacy(packed)) return unpackLz4Legacy(packed, size);
  if (packed.readUInt16BE(0) === 0x1f8b) return gunzipSync(payload, limits);
  if (packed.readUInt32LE(0) === 0xfd2fb528) return zstdDecompressSync(packed, limits);
  if (packed.toString('latin1', 0, 6) === '\xfd7zXZ\0') return unxz(packed);
  throw new RangeError(`unknown compression ${packed.toString('hex', 0, 4)}`);
}

function unxz(packed: Buffer): Buffer {
  const program = findProgram('xz');
  if (program === undefined) throw new Error("the kernel is packed with xz, and the program 'xz' is not installed");
  const result = spawnSync(program, ['-dc', '--single-stream'], { input: packed, maxBuffer: MAX_KERNEL });
  if (result.error !== undefined) throw result.error;
  if (result.status !== 0) throw new Error(`xz failed: ${result.stderr.toString().trim()}`);
  return result.stdout;
}
