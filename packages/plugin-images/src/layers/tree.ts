import { archiveError, showName } from '../unpack/archive-error.ts';
import type { EntryType } from '../unpack/tar-header.ts';
import type { FileContent } from './disk-content.ts';
import { MAX_NAME } from './entry-segments.ts';

export type InodeType = Exclude<EntryType, 'hardlink'>;

/** What an inode of the image shall be. Names and links are latin-1: one character a byte. */
export interface Inode {
  readonly type: InodeType;
  mode: number;
  uid: number;
  gid: number;
  readonly major: number;
  readonly minor: number;
  /** Seconds since the epoch, and nanoseconds beyond them. */
  mtime: number;
  nanoseconds: number;
  xattrs: ReadonlyMap<string, Buffer>;
  /** Of a symbolic link. */
  readonly target: string;
  readonly content: FileContent | undefined;
  /** Of a directory. */
  readonly children: Map<string, Entry>;
  /** How many names it has. */
  links: number;
}

export interface Entry {
  readonly inode: Inode;
  /** The layer that put it there, or changed it last. */
  layer: number;
}

const NO_CHILDREN: Map<string, Entry> = new Map();
const NO_XATTRS: ReadonlyMap<string, Buffer> = new Map();
/** As Linux has it. */
const MAX_LINKS_FOLLOWED = 40;
/** A path that Linux takes has no more segments. */
const MAX_DEPTH = 2048;

export function newInode(type: InodeType, facts: Partial<Inode> = {}): Inode {
  const children = type === 'directory' ? new Map<string, Entry>() : NO_CHILDREN;
  const none = { mode: 0o755, uid: 0, gid: 0, major: 0, minor: 0, mtime: 0, nanoseconds: 0 };
  return { ...none, xattrs: NO_XATTRS, target: '', content: undefined, ...facts, type, children, links: 0 };
}

/**
 * The file system that layers add up to, held in memory but for the content of files. Links are followed only here, and
 * never above its root, so that no name of an archive means anything on the host.
 */
export class Tree {
  readonly root: Inode = newInode('directory');
  readonly #release: (content: FileContent) => void;

  /** @param release told the content that no name leads to any more */
  constructor(release: (content: FileContent) => void) {
    this.#release = release;
  }

  /**
   * The directory that a path leads to, through symbolic links. What is missing of it is made when `make` says of which layer.
   * @returns undefined when it is missing and may not be made
   */
  directory(path: readonly string[], make?: { readonly layer: number; readonly mtime: number }): Inode | undefined {
    const todo = [...path].reverse();
    const trail: Inode[] = [this.root];
    let followed = 0;
    for (let segment = todo.pop(); segment !== undefined; segment = todo.pop()) {
      const here = trail.at(-1) ?? this.root;
      if (trail.length > MAX_DEPTH) throw archiveError('An entry is too deep in the tree.');
      if (segment === '' || segment === '.') continue;
      if (segment === '..') {
        if (trail.length > 1) trail.pop();
        continue;
      }
      const next = here.children.get(segment)?.inode;
      if (next === undefined) {
        if (make === undefined) return undefined;
        checkSegment(segment, path);
        const made = newInode('directory', { mtime: make.mtime });
        this.put(here, segment, { inode: made, layer: make.layer });
        trail.push(made);
      } else if (next.type === 'directory') trail.push(next);
      else if (next.type === 'symlink') {
        followed += 1;
        if (followed > MAX_LINKS_FOLLOWED) {
          throw archiveError(`An entry leads through ${showName(path.join('/'))}, a loop of links.`);
        }
        if (next.target.startsWith('/')) trail.length = 1;
        todo.push(...next.target.split('/').reverse());
      } else if (make === undefined) return undefined;
      else throw archiveError(`An entry leads through ${showName(path.join('/'))}, which is no directory.`);
    }
    return trail.at(-1);
  }

  put(parent: Inode, name: string, entry: Entry): void {
    // First of all: what is removed may be a directory with the only other name of it.
    entry.inode.links += 1;
    this.remove(parent, name);
    parent.children.set(name, entry);
  }

  /** Removes a name with all that is below it. */
  remove(parent: Inode, name: string): void {
    const entry = parent.children.get(name);
    if (entry === undefined) return;
    parent.children.delete(name);
    const gone = [entry.inode];
    for (let inode = gone.pop(); inode !== undefined; inode = gone.pop()) {
      inode.links -= 1;
      if (inode.type === 'directory') for (const child of inode.children.values()) gone.push(child.inode);
      else if (inode.links === 0 && inode.content !== undefined) this.#release(inode.content);
    }
  }

  /** Removes what earlier layers have put below a directory. @returns whether something of this layer stays */
  removeLower(directory: Inode, layer: number): boolean {
    let kept = false;
    for (const [name, entry] of [...directory.children]) {
      const inside = entry.inode.type === 'directory' && this.removeLower(entry.inode, layer);
      if (entry.layer === layer || inside) kept = true;
      else this.remove(directory, name);
    }
    return kept;
  }
}

/** Names of entries have been looked at; the targets of links may be anything. */
function checkSegment(segment: string, path: readonly string[]): void {
  if (segment.length <= MAX_NAME && !segment.includes('\0')) return;
  throw archiveError(`An entry leads through ${showName(path.join('/'))}, a link to what cannot be a name.`);
}
