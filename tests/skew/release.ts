import { execFile } from 'node:child_process';
import { mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Home, ROOT } from '../harness/home.ts';

/**
 * An earlier nook as it was built, programs and guest: control protocol 1 of the vmhost, version 1 of `spec.json`. Made by
 * `tar -C dist -cJf` over its bundles. A later one is added when a version of either changes.
 */
const ARCHIVE = join(import.meta.dirname, 'release-1.tar.xz');

/** Unpacks it where it finds the checkout's native packages. */
export class Release implements AsyncDisposable {
  readonly #dir = join(ROOT, '.nook', `release-1-${process.pid}`);

  static async unpack(): Promise<Release> {
    const release = new Release();
    const dist = join(release.#dir, 'dist');
    await mkdir(dist, { recursive: true });
    for (const name of ['packages', 'node_modules']) await symlink(join(ROOT, name), join(release.#dir, name));
    await promisify(execFile)('tar', ['-xJf', ARCHIVE, '-C', dist]);
    return release;
  }

  /** How a command of it is called. */
  command(...args: readonly string[]): readonly string[] {
    return [process.execPath, join(this.#dir, 'dist/nook.mjs'), ...args];
  }

  async run(home: Home, ...args: readonly string[]): Promise<string> {
    const [file, ...rest] = this.command(...args) as [string, ...string[]];
    return (await promisify(execFile)(file, rest, { env: home.env, timeout: 60_000 })).stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#dir, { recursive: true });
  }
}
