const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = (value & 1) === 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value >>> 0;
});

/** CRC-32C as ext4 uses it: begun with a seed, and not inverted at the end. */
export function crc32c(seed: number, data: Uint8Array): number {
  let crc = seed >>> 0;
  for (let index = 0; index < data.length; index += 1) {
    crc = (TABLE[(crc ^ (data[index] ?? 0)) & 0xff] ?? 0) ^ (crc >>> 8);
  }
  return crc >>> 0;
}

export function crc32cOfNumber(seed: number, value: number): number {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return crc32c(seed, bytes);
}
