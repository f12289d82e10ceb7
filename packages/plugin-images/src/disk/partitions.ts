// MBR, and GPT: https://uefi.org/specs/UEFI/2.10/05_GUID_Partition_Table_Format.html
export interface Partition {
  /** Bytes. */
  readonly start: number;
  readonly length: number;
}

/** Where a table of partitions is, at most, with all that is read of it. */
export const TABLE_SIZE = 64 * 1024;
const PROTECTIVE = 0xee;
const ENTRIES_AT = 446;
const MAX_ENTRIES = 256;

/** The partitions of a disk that begins with these bytes, as far as they lie on it; undefined when it has no table. */
export function partitionsOf(bytes: Buffer, diskBytes: number): Partition[] | undefined {
  if (bytes.length < 512 || bytes.readUInt16LE(510) !== 0xaa55) return undefined;
  const primary = [0, 1, 2, 3].map((index) => bytes.subarray(ENTRIES_AT + 16 * index, ENTRIES_AT + 16 * (index + 1)));
  const used = primary.filter((entry) => entry[4] !== 0);
  const table = used.some((entry) => entry[4] === PROTECTIVE)
    ? guidPartitions(bytes)
    : used.map((entry) => range(entry.readUInt32LE(8), entry.readUInt32LE(12), 512));
  return table?.filter(({ start, length }) => start > 0 && length > 0 && start + length <= diskBytes);
}

function guidPartitions(bytes: Buffer): Partition[] | undefined {
  const sector = [512, 4096].find((size) => bytes.toString('latin1', size, size + 8) === 'EFI PART');
  if (sector === undefined) return undefined;
  const first = Number(bytes.readBigUInt64LE(sector + 72)) * sector;
  const [count, size] = [bytes.readUInt32LE(sector + 80), bytes.readUInt32LE(sector + 84)];
  if (size < 128 || count > MAX_ENTRIES || first + count * size > bytes.length) return undefined;
  return Array.from({ length: count }, (_, index) => bytes.subarray(first + index * size, first + (index + 1) * size))
    .filter((entry) => entry.subarray(0, 16).some((byte) => byte !== 0))
    .map((entry) => {
      const [from, last] = [Number(entry.readBigUInt64LE(32)), Number(entry.readBigUInt64LE(40))];
      return range(from, last - from + 1, sector);
    });
}

function range(from: number, sectors: number, size: number): Partition {
  return { start: from * size, length: sectors * size };
}
