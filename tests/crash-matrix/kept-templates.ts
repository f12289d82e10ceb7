import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Home } from '../harness/home.ts';

/** A machine that does not come up from its template throws it away: the next one is to begin as it all the same. */
export class KeptTemplates {
  readonly #kept: string;
  readonly #own: string;

  constructor({ dir }: Home) {
    this.#kept = join(dir, 'kept-templates');
    this.#own = join(dir, 'cache/templates');
  }

  /** Keeps those that the home has now. */
  async keep(): Promise<void> {
    await mkdir(this.#kept, { mode: 0o700 });
    for (const key of await readdir(this.#own)) await rename(join(this.#own, key), join(this.#kept, key));
    await this.giveBack();
  }

  async giveBack(): Promise<void> {
    for (const key of await readdir(this.#kept)) {
      if (!existsSync(join(this.#own, key))) await symlink(join(this.#kept, key), join(this.#own, key));
    }
  }
}
