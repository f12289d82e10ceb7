import type { Ext4Reader } from '../ext4/reader.ts';
import { type DiskEntry, diskEntries } from './entries.ts';
import type { Sink } from './sink.ts';
import { padding, TAR_END, tarHeader } from './tar-header.ts';

const PIECE = 2 ** 20;
/** Holes smaller than this in all are written as zeros. */
const WORTH_A_MAP = 2 ** 20;
const ZEROS = Buffer.alloc(PIECE);

type Content = NonNullable<DiskEntry['content']>;

/** A stretch of a file that is stored. */
interface Stretch {
  readonly offset: number;
  readonly length: number;
  /** Byte of the disk. */
  readonly at: number;
}

/** Writes what is on a disk as one tar. @param progress told the bytes so far */
export function writeRoot(disk: Ext4Reader, sink: Sink, progress: (bytes: number) => void): void {
  for (const { item, content } of diskEntries(disk)) {
    if (content === undefined) sink.write(tarHeader(item));
    else writeFile({ item, content }, disk, sink);
    progress(sink.position);
  }
  sink.write(TAR_END);
}

function writeFile({ item, content }: Required<DiskEntry>, disk: Ext4Reader, sink: Sink): void {
  const stretches = stretchesOf(content, disk.blockSize);
  const stored = stretches.reduce((sum, { length }) => sum + length, 0);
  if (content.size - stored < WORTH_A_MAP) {
    sink.write(tarHeader(item));
    let at = 0;
    for (const stretch of stretches) {
      writeZeros(sink, stretch.offset - at);
      copy(stretch, disk, sink);
      at = stretch.offset + stretch.length;
    }
    writeZeros(sink, content.size - at);
    sink.write(padding(content.size));
    return;
  }
  // Version 1.0 of GNU tar's sparse files: a map of decimal numbers goes before what is stored. Its last entry is the end.
  const places = [...stretches, { offset: content.size, length: 0 }];
  const numbers = [places.length, ...places.flatMap(({ offset, length }) => [offset, length])];
  const text = Buffer.from(`${numbers.join('\n')}\n`, 'latin1');
  const map = Buffer.concat([text, padding(text.length)]);
  const size = map.length + stored;
  const records: [string, Buffer][] = [
    ['GNU.sparse.major', Buffer.from('1')],
    ['GNU.sparse.minor', Buffer.from('0')],
    ['GNU.sparse.name', Buffer.from(item.name, 'latin1')],
    ['GNU.sparse.realsize', Buffer.from(String(content.size))],
  ];
  sink.write(tarHeader({ ...item, size, records: [...(item.records ?? []), ...records] }));
  sink.write(map);
  for (const stretch of stretches) copy(stretch, disk, sink);
  sink.write(padding(size));
}

/** Those that hold anything, none beyond the end of the file. */
function stretchesOf({ size, extents }: Content, blockSize: number): Stretch[] {
  return extents
    .map(({ logical, physical, blocks }) => {
      const offset = logical * blockSize;
      return { offset, length: Math.min(blocks * blockSize, size - offset), at: physical * blockSize };
    })
    .filter(({ length }) => length > 0);
}

function copy({ at, length }: Stretch, disk: Ext4Reader, sink: Sink): void {
  for (let done = 0; done < length; done += PIECE) sink.write(disk.read(at + done, Math.min(PIECE, length - done)));
}

function writeZeros(sink: Sink, length: number): void {
  for (let left = length; left > 0; left -= PIECE) sink.write(ZEROS.subarray(0, Math.min(PIECE, left)));
}
