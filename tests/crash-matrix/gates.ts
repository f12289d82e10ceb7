import { existsSync, rmSync, watch } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { INNER_GATES, type Visitor } from '../../packages/plugin-vm/src/gate.ts';

const REACH_MS = 30_000;

/** Those between the steps of what is done to a VM. */
export function innerGates(visitor: Visitor): string[] {
  return Object.entries(INNER_GATES).flatMap(([gate, visitors]) =>
    (visitors as readonly Visitor[]).includes(visitor) ? [gate] : [],
  );
}

/** The gates of one home (packages/plugin-vm/src/gate.ts). */
export class Gates {
  readonly dir: string;

  static async create(): Promise<Gates> {
    const dir = await mkdtemp(join(tmpdir(), 'nook-gates-'));
    await mkdir(dir, { recursive: true });
    return new Gates(dir);
  }

  private constructor(dir: string) {
    this.dir = dir;
  }

  async close(name: string, order: 'hold' | 'fail'): Promise<void> {
    rmSync(`${join(this.dir, name)}.reached`, { force: true });
    await writeFile(join(this.dir, name), order);
  }

  /** Resolves when somebody has come to the gate. @throws when nobody does in time, or `ended` comes first */
  async reached(name: string, ended: Promise<unknown>): Promise<void> {
    const file = `${join(this.dir, name)}.reached`;
    let stop!: () => void;
    const seen = new Promise<void>((resolve, reject) => {
      const look = () => {
        if (existsSync(file)) resolve();
      };
      const watcher = watch(this.dir, look);
      const timer = setTimeout(() => reject(new Error(`nobody came to ${name} in time`)), REACH_MS);
      stop = () => {
        clearTimeout(timer);
        watcher.close();
      };
      look();
    });
    const early = ended.then((what) => {
      if (!existsSync(file)) throw new Error(`it ended before it came to ${name}: ${JSON.stringify(what)}`);
    });
    await Promise.race([seen, early]).finally(stop);
  }

  open(...names: readonly string[]): void {
    for (const name of names) rmSync(join(this.dir, name), { force: true });
  }
}
