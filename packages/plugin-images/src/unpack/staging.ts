import {
  closeSync,
  futimesSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { archiveError, showName } from './archive-error.ts';
import { deviceNumber } from './device-rules.ts';
import { entryPath, parentOf } from './entry-path.ts';
import type { EntryType } from './tar-header.ts';
import type { TarEntry } from './tar-reader.ts';

/** What an inode shall be in the image. On the host it is a plain file, directory or link of ours. */
interface Node {
  readonly type: Exclude<EntryType, 'hardlink'>;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly rdev: number;
  readonly mtime: number;
}

export interface StagingLimits {
  /** Most bytes that all files may add up to. */
  readonly maxBytes: number;
  readonly maxEntries: number;
}

const FILE_TYPE: Readonly<Record<Node['type'], number>> = {
  file: 0o100000,
  directory: 0o040000,
  symlink: 0o120000,
  character: 0o020000,
  block: 0o060000,
  fifo: 0o010000,
};
/** Where the guest mounts things. */
const MOUNT_POINTS = ['dev', 'proc', 'run', 'sys', 'tmp'];

/**
 * Builds the tree of an archive in an empty directory, never following a link: each entry's parents are looked up in
 * this object, not on the host. Owners, modes and devices are only recorded.
 */
export class Staging {
  readonly #root: string;
  readonly #limits: StagingLimits;
  readonly #nodes = new Map<string, Node>();
  readonly capabilities: { readonly path: string; readonly value: Buffer }[] = [];
  bytes = 0;
  entries = 0;

  constructor(root: string, limits: StagingLimits) {
    this.#root = root;
    this.#limits = limits;
    this.#nodes.set('', { type: 'directory', mode: 0o755, uid: 0, gid: 0, rdev: 0, mtime: 0 });
  }

  async add(entry: TarEntry): Promise<void> {
    this.entries += 1;
    this.bytes += entry.size;
    if (this.entries > this.#limits.maxEntries) {
      throw archiveError(
        `The archive has more than ${this.#limits.maxEntries} entries.`,
        'Leave out what the image does not need.',
      );
    }
    if (this.bytes > this.#limits.maxBytes) {
      throw archiveError(
        `The files of the archive add up to more than ${this.#limits.maxBytes} bytes.`,
        'Raise [images] max_import_bytes and size in config.toml, or leave out what the image does not need.',
      );
    }
    const path = entryPath(entry.name);
    if (entry.type === 'directory') return this.#addDirectory(path, entry);
    // GNU tar writes such a link for a file that it was given twice.
    if (entry.type === 'hardlink' && this.#nodes.has(path) && entryPath(entry.linkname) === path) return;
    this.#makeRoom(path, entry);
    if (entry.type === 'hardlink') return this.#addHardLink(path, entry);
    if (entry.type === 'symlink') this.#addSymlink(path, entry);
    else await this.#addFile(path, entry);
    this.#nodes.set(path, toNode(entry, entry.type, path));
    if (entry.capability !== undefined) this.capabilities.push({ path, value: entry.capability });
  }

  /** Mode and owners of the root directory. */
  get rootDirectory(): { readonly mode: number; readonly uid: number; readonly gid: number } {
    const { mode = 0o755, uid = 0, gid = 0 } = this.#nodes.get('') ?? {};
    return { mode, uid, gid };
  }

  /** Adds what every guest needs, and sets the times of directories, which later entries had changed. */
  finish(): void {
    if (this.#nodes.size === 1) throw archiveError('The archive is empty.');
    const last = this.#nodes.get('')?.mtime ?? 0;
    for (const path of MOUNT_POINTS) {
      if (!this.#nodes.has(path)) this.#makeDirectory(path, last, path === 'tmp' ? 0o1777 : 0o755);
    }
    for (const [path, node] of this.#nodes) {
      if (node.type === 'directory') utimesSync(this.#host(path), node.mtime, node.mtime);
    }
  }

  /** fakeroot's own state: what programs under `fakeroot -i` shall see of each inode. */
  *fakerootState(): Generator<string> {
    for (const [path, node] of this.#nodes) {
      const { dev, ino, nlink } = lstatSync(this.#host(path), { bigint: true });
      const mode = (FILE_TYPE[node.type] | node.mode).toString(8);
      yield `dev=${dev.toString(16)},ino=${ino},mode=${mode},uid=${node.uid},gid=${node.gid},nlink=${nlink},rdev=${node.rdev}\n`;
    }
  }

  #addDirectory(path: string, entry: TarEntry): void {
    const there = this.#nodes.get(path);
    if (there === undefined) {
      this.#requireParent(path, entry);
      mkdirSync(this.#host(path), 0o700);
    } else if (there.type !== 'directory') {
      throw archiveError(`Entry ${showName(entry.name)} is in the archive both as a directory and as something else.`);
    }
    this.#nodes.set(path, toNode(entry, 'directory', path));
  }

  #addSymlink(path: string, entry: TarEntry): void {
    if (entry.linkname === '' || entry.linkname.length > 4095) {
      throw archiveError(`Entry ${showName(entry.name)} is a link with no usable target.`);
    }
    const host = this.#host(path);
    symlinkSync(Buffer.from(entry.linkname, 'latin1'), host);
    lutimesSync(host, entry.mtime, entry.mtime);
  }

  #addHardLink(path: string, entry: TarEntry): void {
    const target = entryPath(entry.linkname, 'The target of a hard link,');
    const node = this.#nodes.get(target);
    if (node === undefined || node.type === 'directory') {
      throw archiveError(
        `Entry ${showName(entry.name)} is a hard link to ${showName(entry.linkname)}, which is no earlier file.`,
      );
    }
    linkSync(this.#host(target), this.#host(path));
    this.#nodes.set(path, node);
  }

  /** Files, and empty files in the place of devices and pipes. */
  async #addFile(path: string, entry: TarEntry): Promise<void> {
    const file = openSync(this.#host(path), 'wx', 0o600);
    try {
      for await (const piece of entry.body) {
        for (let offset = 0; offset < piece.length; ) offset += writeSync(file, piece, offset);
      }
      futimesSync(file, entry.mtime, entry.mtime);
    } finally {
      closeSync(file);
    }
  }

  /** A later entry replaces an earlier one, as tar does it; its other hard links keep the content. */
  #makeRoom(path: string, entry: TarEntry): void {
    if (path === '') throw archiveError(`Entry ${showName(entry.name)} would replace the root directory.`);
    this.#requireParent(path, entry);
    const there = this.#nodes.get(path);
    if (there === undefined) return;
    if (there.type === 'directory') {
      throw archiveError(`Entry ${showName(entry.name)} is in the archive both as a directory and as something else.`);
    }
    unlinkSync(this.#host(path));
    this.#nodes.delete(path);
  }

  #requireParent(path: string, entry: TarEntry): void {
    const parent = parentOf(path);
    const node = this.#nodes.get(parent);
    if (node === undefined) {
      this.#requireParent(parent, entry);
      this.#makeDirectory(parent, entry.mtime, 0o755);
    } else if (node.type !== 'directory') {
      throw archiveError(`Entry ${showName(entry.name)} leads through ${showName(parent)}, which is no directory.`);
    }
  }

  #makeDirectory(path: string, mtime: number, mode: number): void {
    mkdirSync(this.#host(path), 0o700);
    this.#nodes.set(path, { type: 'directory', mode, uid: 0, gid: 0, rdev: 0, mtime });
  }

  #host(path: string): Buffer {
    return Buffer.concat([Buffer.from(`${this.#root}/`), Buffer.from(path, 'latin1')]);
  }
}

function toNode(entry: TarEntry, type: Node['type'], path: string): Node {
  const rdev = type === 'character' || type === 'block' ? deviceNumber(entry, path) : 0;
  const mode = type === 'symlink' ? 0o777 : entry.mode;
  return { type, mode, uid: entry.uid, gid: entry.gid, rdev, mtime: entry.mtime };
}
