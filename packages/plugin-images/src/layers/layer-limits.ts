import { archiveError } from '../unpack/archive-error.ts';
import type { TarEntry } from '../unpack/tar-reader.ts';

const HINT = 'Raise [images] max_import_bytes and size in config.toml, or leave out what the image does not need.';
/** Names, links and attributes are kept in memory until the disk is whole. */
const MAX_TEXT = 256 * 2 ** 20;
/** What an archive needs beside the content of its files. */
const OVERHEAD = 2 ** 30;

/** Counts what layers declare, over all of them, before it is believed. */
export class LayerLimits {
  readonly #maxBytes: number;
  readonly #maxEntries: number;
  #text = 0;
  bytes = 0;
  entries = 0;

  constructor(limits: { readonly max_bytes: number; readonly max_entries: number }) {
    this.#maxBytes = limits.max_bytes;
    this.#maxEntries = limits.max_entries;
  }

  /** Most that the stream of one layer may be long. */
  get streamBytes(): number {
    return this.#maxBytes + OVERHEAD;
  }

  count({ name, linkname, xattrs, segments }: TarEntry): void {
    this.entries += 1;
    if (this.entries > this.#maxEntries) {
      throw archiveError(
        `The archive has more than ${this.#maxEntries} entries.`,
        'Leave out what the image does not need.',
      );
    }
    for (const { length } of segments) this.bytes += length;
    if (this.bytes > this.#maxBytes) {
      throw archiveError(`The files of the archive add up to more than ${this.#maxBytes} bytes.`, HINT);
    }
    this.#text += name.length + linkname.length + 16 * segments.length;
    for (const [key, value] of xattrs) this.#text += key.length + value.length;
    if (this.#text > MAX_TEXT) throw archiveError('The names and attributes of the archive are too much.', HINT);
  }
}
