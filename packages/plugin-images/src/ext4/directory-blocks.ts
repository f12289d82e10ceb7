import { crc32c } from './crc32c.ts';
import { BLOCK } from './volume.ts';

export interface DirectoryEntry {
  /** Latin-1: one character a byte. */
  readonly name: string;
  readonly inode: number;
  /** As directories store it: 1 file, 2 directory, 3 character, 4 block, 5 pipe, 7 symbolic link. */
  readonly type: number;
}

const TAIL = 12;

/** The blocks of a directory, each ending with its checksum. */
export function directoryBlocks(entries: Iterable<DirectoryEntry>, seed: number): Buffer[] {
  const blocks: Buffer[] = [];
  let block = Buffer.alloc(BLOCK);
  let used = 0;
  let last = 0;
  const close = () => {
    block.writeUInt16LE(BLOCK - TAIL - last, last + 4);
    block.writeUInt16LE(TAIL, BLOCK - TAIL + 4);
    block[BLOCK - TAIL + 7] = 0xde;
    block.writeUInt32LE(crc32c(seed, block.subarray(0, BLOCK - TAIL)), BLOCK - 4);
    blocks.push(block);
  };
  for (const { name, inode, type } of entries) {
    const length = (8 + name.length + 3) & ~3;
    if (used + length > BLOCK - TAIL) {
      close();
      block = Buffer.alloc(BLOCK);
      used = 0;
    }
    block.writeUInt32LE(inode, used);
    block.writeUInt16LE(length, used + 4);
    block[used + 6] = name.length;
    block[used + 7] = type;
    block.write(name, used + 8, 'latin1');
    last = used;
    used += length;
  }
  close();
  return blocks;
}
