import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger } from '@nook/daemonapi';
import { writeFileAtomic } from '@nook/wire';
import type { UsedTarget } from '../contract.ts';
import { usedFile } from '../egress/files.ts';
import { readUsed } from '../egress/used.ts';

/** Destinations that are remembered of one VM; the one that was not used for longest goes. */
const MOST = 512;

/** What VMs used, kept on disk as soon as it changes. */
export class Used {
  readonly #dir: string;
  readonly #log: Logger;
  readonly #of = new Map<string, Map<string, number>>();
  /** VMs whose file is behind. */
  readonly #behind = new Set<string>();
  #writing: Promise<void> | undefined;

  constructor(dir: string, log: Logger) {
    this.#dir = dir;
    this.#log = log;
  }

  all(vm: string): readonly UsedTarget[] {
    return [...this.#known(vm)].map(([target, at]) => ({ target, at }));
  }

  add(vm: string, target: string, at: number): void {
    const known = this.#known(vm);
    const isNew = !known.delete(target);
    known.set(target, at);
    const [oldest] = known.keys();
    if (known.size > MOST && oldest !== undefined) known.delete(oldest);
    if (!isNew) return;
    this.#behind.add(vm);
    this.#writing ??= this.#write()
      .catch((error: Error) => this.#log.error({ error: error.message }, 'what VMs use could not be kept'))
      .finally(() => {
        this.#writing = undefined;
      });
  }

  #known(vm: string): Map<string, number> {
    let known = this.#of.get(vm);
    if (!known) {
      known = new Map(readUsed(this.#dir, vm).map(({ target, at }) => [target, at]));
      this.#of.set(vm, known);
    }
    return known;
  }

  async #write(): Promise<void> {
    for (const vm of this.#behind) {
      this.#behind.delete(vm);
      const path = usedFile(this.#dir, vm);
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await writeFileAtomic(path, JSON.stringify(this.all(vm)));
    }
  }
}
