import { closeSync, constants, openSync } from 'node:fs';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
const SLASH = Buffer.from('/');

/**
 * A directory that is held open. Its entries are named through the descriptor, so that nobody can put another directory
 * in its place meanwhile, and no path becomes too long.
 */
export class OpenDirectory implements Disposable {
  readonly fd: number;

  /** @param follow whether the path itself may be a symlink; only for paths that a person has written */
  constructor(path: string | Buffer, { follow = false }: { readonly follow?: boolean } = {}) {
    this.fd = openSync(path, O_RDONLY | O_DIRECTORY | (follow ? 0 : O_NOFOLLOW));
  }

  at(name: string | Buffer): Buffer {
    return Buffer.concat([Buffer.from(`/proc/self/fd/${this.fd}`), SLASH, Buffer.from(name as Buffer)]);
  }

  /** The directory itself. */
  get path(): Buffer {
    return Buffer.from(`/proc/self/fd/${this.fd}/.`);
  }

  [Symbol.dispose](): void {
    closeSync(this.fd);
  }
}
