// The format of lz4's legacy frames, which Linux kernels are packed in: a magic number, then blocks of at most 8 MiB
// of content, each after its packed size. See doc/lz4_Frame_format.md and doc/lz4_Block_format.md of lz4.
const MAGIC = 0x184c2102;
const MIN_MATCH = 4;

export function isLz4Legacy(data: Buffer): boolean {
  return data.length >= 8 && data.readUInt32LE(0) === MAGIC;
}

/** Unpacks to exactly `size` bytes. @throws RangeError when the data does not fit that */
export function unpackLz4Legacy(data: Buffer, size: number): Buffer {
  const output = Buffer.alloc(size);
  let written = 0;
  let offset = 4;
  while (offset + 4 <= data.length && written < size) {
    const packed = data.readUInt32LE(offset);
    offset += 4;
    if (packed === MAGIC) continue;
    if (packed === 0 || offset + packed > data.length) throw new RangeError('damaged lz4 block');
    written = unpackBlock(data.subarray(offset, offset + packed), output, written);
    offset += packed;
  }
  if (written !== size) throw new RangeError(`lz4 data holds ${written} bytes, not ${size}`);
  return output;
}

/** @returns the position behind the last byte written */
function unpackBlock(block: Buffer, output: Buffer, start: number): number {
  let from = 0;
  let to = start;
  const byte = () => {
    const value = block[from];
    if (value === undefined) throw new RangeError('damaged lz4 block');
    from += 1;
    return value;
  };
  const length = (nibble: number) => {
    let value = nibble;
    if (nibble === 15) {
      for (let more = 255; more === 255; value += more) more = byte();
    }
    return value;
  };
  while (from < block.length) {
    const token = byte();
    const literals = length(token >> 4);
    if (from + literals > block.length || to + literals > output.length) throw new RangeError('damaged lz4 block');
    block.copy(output, to, from, from + literals);
    from += literals;
    to += literals;
    if (from === block.length) break;
    const distance = byte() | (byte() << 8);
    const match = length(token & 15) + MIN_MATCH;
    if (distance === 0 || distance > to - start || to + match > output.length)
      throw new RangeError('damaged lz4 block');
    copyMatch(output, to, distance, match);
    to += match;
  }
  return to;
}

/** A match may overlap what it writes: it then repeats itself. */
function copyMatch(output: Buffer, to: number, distance: number, match: number): void {
  if (distance >= match) {
    output.copyWithin(to, to - distance, to - distance + match);
    return;
  }
  for (let index = 0; index < match; index += 1) output[to + index] = output[to + index - distance] ?? 0;
}
