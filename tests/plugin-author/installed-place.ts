import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire, findPackageJSON } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { pack } from '../../tools/pack/pack.ts';
import { workspacePackages } from '../../tools/pack/workspace-package.ts';
import { ROOT } from '../harness/home.ts';

const run = promisify(execFile);

/**
 * A folder somewhere else that has the packages of nook installed, from their tarballs; what they depend on is lent by
 * this checkout, so that no registry is asked.
 */
export class InstalledPlace implements AsyncDisposable {
  readonly dir: string;
  /** Where the tarballs are. */
  readonly packed: string;

  static async create(): Promise<InstalledPlace> {
    const place = new InstalledPlace(await mkdtemp(join(tmpdir(), 'nook-installed-')));
    await mkdir(place.packed);
    const tarballs = await pack(ROOT, place.packed);
    await place.#install(tarballs);
    await writeFile(join(place.dir, 'package.json'), '{ "type": "module", "private": true }');
    return place;
  }

  private constructor(dir: string) {
    this.dir = dir;
    this.packed = join(dir, 'packed');
  }

  /** Lends a package of this checkout to the place, or to a folder in it. */
  async lend(name: string, owner = ROOT, into = this.dir): Promise<void> {
    const manifest = findPackageJSON(name, pathToFileURL(join(owner, 'package.json')));
    if (manifest === undefined) throw new Error(`${owner} does not have ${name}`);
    const path = join(into, 'node_modules', name);
    await mkdir(dirname(path), { recursive: true });
    await symlink(dirname(manifest), path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }

  async write(name: string, text: string): Promise<string> {
    const path = join(this.dir, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    return path;
  }

  /** Path of what an installed package exports. */
  resolve(specifier: string): string {
    return createRequire(join(this.dir, 'package.json')).resolve(specifier);
  }

  async #install(tarballs: readonly string[]): Promise<void> {
    for (const tarball of tarballs) {
      const text = (await run('tar', ['-xzOf', tarball, 'package/package.json'])).stdout;
      const { name } = JSON.parse(text) as { name: string };
      const to = join(this.dir, 'node_modules', name);
      await mkdir(to, { recursive: true });
      await run('tar', ['-xzf', tarball, '-C', to, '--strip-components=1']);
    }
    for (const { dir } of await workspacePackages(ROOT)) {
      const { dependencies = {} } = JSON.parse(await readFile(join(dir, 'package.json'), 'utf8')) as {
        dependencies?: Record<string, string>;
      };
      const others = Object.keys(dependencies).filter((name) => !name.startsWith('@nook/'));
      for (const name of others) await this.lend(name, dir);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A program that has just been stopped may still write its cache of compiled code.
    await rm(this.dir, { recursive: true, maxRetries: 10 });
  }
}
