import { randomBytes } from 'node:crypto';
import { chmodSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { NookError } from '@nook/daemonapi';
import { printable } from '../printable.ts';
import { fileError } from './file-error.ts';
import { checkReplaceable, lstatIfThere, mergeTrees, moveEntry, removeTree } from './host-tree.ts';
import { OpenDirectory } from './open-directory.ts';

export interface HostTarget {
  readonly path: string;
  /** The name below a path that is a directory; absent: the copied tree joins that directory. */
  readonly name?: string | undefined;
  readonly directoryOnly: boolean;
}

/** Where a copy from the guest goes: staged under a temporary name, brought to its place when it is whole. */
export class HostPlace implements Disposable {
  /** Where the copy is made. */
  readonly staged: Buffer;
  /** For messages. */
  readonly shown: string;
  readonly #into: OpenDirectory;
  readonly #name: string | undefined;

  /**
   * @param tree whether the copied thing is a directory
   * @throws NookError `not_found`, `conflict` when it cannot go there
   */
  constructor(target: HostTarget, tree: boolean) {
    const { into, name, shown } = find(target, tree);
    this.shown = shown;
    this.#name = name;
    try {
      this.#into = new OpenDirectory(into, { follow: true });
    } catch (error) {
      throw fileError(into, 'cannot be copied to', error);
    }
    this.staged = this.#into.at(`.nook-cp-${randomBytes(8).toString('hex')}`);
  }

  /** @throws NookError `conflict`, with nothing changed, when something stands in the way */
  commit(): void {
    if (this.#name !== undefined) {
      moveEntry(this.staged, this.#into.at(this.#name));
      return;
    }
    chmodSync(this.staged, 0o700);
    {
      using staged = new OpenDirectory(this.staged);
      mergeTrees(staged, this.#into, { what: 'check', shown: this.shown });
      mergeTrees(staged, this.#into, { what: 'move', shown: this.shown });
    }
    removeTree(this.staged);
  }

  /** Leaves nothing of a copy that was not committed. */
  [Symbol.dispose](): void {
    removeTree(this.staged);
    this.#into[Symbol.dispose]();
  }
}

/** `name` absent: the copy is merged into the directory. */
function find(
  { path, name, directoryOnly }: HostTarget,
  tree: boolean,
): { into: string; name?: string; shown: string } {
  const there = statSync(path, { throwIfNoEntry: false });
  if (!there?.isDirectory()) {
    if (directoryOnly || path.endsWith('/')) throw new NookError('not_found', `${printable(path)} is no directory.`);
    return check({ into: dirname(path), name: basename(path), shown: path }, tree);
  }
  if (name === undefined) {
    if (!tree) throw new NookError('conflict', `${printable(path)} is a directory.`);
    return { into: path, shown: path };
  }
  return check({ into: path, name, shown: join(path, name) }, tree);
}

function check(place: { into: string; name: string; shown: string }, tree: boolean): ReturnType<typeof find> {
  const present = lstatIfThere(join(place.into, place.name));
  if (!present) return place;
  if (!tree) checkReplaceable(present, place.shown);
  else if (present.isDirectory()) return { into: place.shown, shown: place.shown };
  else throw new NookError('conflict', `${printable(place.shown)} is there and no directory.`);
  return place;
}
