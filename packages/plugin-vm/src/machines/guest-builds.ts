import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { guestInitPath } from '@nook/guest';
import { writeFileAtomic } from '@nook/wire';
import { fileExists } from '../file-exists.ts';

/** One build of the guest's init, with the agent in it. */
export interface GuestBuild {
  /** `sha256:` and 64 hex digits. */
  readonly digest: string;
  readonly path: string;
}

const KEPT = /^[0-9a-f]{64}$/;

/** The builds that VMs of this home boot, kept by their digests: an upgrade of nook brings another one, and leaves theirs. */
export class GuestBuilds {
  readonly #dir: string;
  #known: { readonly stamp: string; readonly digest: string } | undefined;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** The one that this nook brings, kept from now on. @throws InitramfsError when it is not built */
  async current(): Promise<GuestBuild> {
    const init = guestInitPath();
    const { ino, size, mtimeMs } = statSync(init);
    const stamp = [init, ino, size, mtimeMs].join(':');
    if (this.#known?.stamp !== stamp || !(await fileExists(this.#pathOf(this.#known.digest)))) {
      this.#known = { stamp, digest: await this.#keep(init) };
    }
    const { digest } = this.#known;
    return { digest, path: this.#pathOf(digest) };
  }

  /** A kept one; undefined when it is gone, or damaged. */
  async find(digest: string): Promise<GuestBuild | undefined> {
    if (digest === this.#known?.digest) return this.current();
    const path = this.#pathOf(digest);
    const content = await readFile(path).catch(() => undefined);
    return content !== undefined && digestOf(content) === digest ? { digest, path } : undefined;
  }

  /** Removes those that no VM boots. */
  async sweep(used: ReadonlySet<string | undefined>): Promise<void> {
    const names = await readdir(this.#dir).catch(() => []);
    const unused = names.filter((name) => !KEPT.test(name) || !used.has(`sha256:${name}`));
    await Promise.all(unused.map((name) => rm(join(this.#dir, name), { force: true })));
  }

  async #keep(init: string): Promise<string> {
    const content = await readFile(init);
    const digest = digestOf(content);
    await mkdir(this.#dir, { recursive: true, mode: 0o700 });
    await writeFileAtomic(this.#pathOf(digest), content);
    return digest;
  }

  #pathOf(digest: string): string {
    return join(this.#dir, digest.replace(/^sha256:/, ''));
  }
}

function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}
