import { constants } from 'node:fs';
import { chmod, chown, mkdir, open, readFile, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NookError } from '@nook/daemonapi';
import type { VerbParams } from '../verbs.ts';

/** Files that the owner of a delegated cgroup writes to; those of its limits stay root's (cgroups(7)). */
const DELEGATED = ['cgroup.procs', 'cgroup.threads', 'cgroup.subtree_control'];

/** Cgroups of the owner's processes, below one of ours. */
export class Scopes {
  readonly #slice: string;
  readonly #owner: number;

  /** @param mount where the hierarchy of cgroup v2 is */
  constructor(mount: string, owner: number) {
    this.#slice = join(mount, 'nook.slice');
    this.#owner = owner;
  }

  /**
   * Makes a cgroup and moves a process of the owner's into it.
   * @returns its folder
   * @throws NookError `not_found` without such a process, `unauthorized` when it is another's, `unavailable` without cgroup v2
   */
  async create({ name, pid }: VerbParams<'scope.create'>): Promise<string> {
    // Held open, it is this process and no later one of the same number.
    const process = await open(`/proc/${pid}`, constants.O_DIRECTORY | constants.O_NOFOLLOW).catch((cause) => {
      throw new NookError('not_found', `There is no process ${pid}.`, { cause });
    });
    try {
      await this.#requireOwner(process.fd, pid);
      const dir = await this.#make(name);
      await writeFile(join(dir, 'cgroup.procs'), String(pid));
      await this.#requireOwner(process.fd, pid);
      return dir;
    } finally {
      await process.close();
    }
  }

  async remove(name: string): Promise<void> {
    await rmdir(join(this.#slice, `${name}.scope`)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return;
      if (error.code !== 'EBUSY') throw error;
      throw new NookError('conflict', `The scope '${name}' still has processes.`, { cause: error });
    });
  }

  /** Removes what is empty. */
  async removeAll(names: readonly string[]): Promise<void> {
    for (const name of names) await this.remove(name).catch(() => {});
    await rmdir(this.#slice).catch(() => {});
  }

  async #make(name: string): Promise<string> {
    const dir = join(this.#slice, `${name}.scope`);
    await readFile(join(this.#slice, '..', 'cgroup.controllers'), 'utf8').catch((cause) => {
      throw new NookError('unavailable', 'This host has no cgroup v2.', { cause });
    });
    for (const each of [this.#slice, dir]) {
      await mkdir(each, { mode: 0o755 }).catch((cause: NodeJS.ErrnoException) => {
        if (cause.code === 'EEXIST') return;
        throw new NookError('unavailable', `The cgroup '${each}' cannot be made: ${cause.message}`, { cause });
      });
    }
    await this.#delegate(dir);
    return dir;
  }

  /** Root's group keeps writing to it: the helper has no capability to go around permissions. */
  async #delegate(dir: string): Promise<void> {
    if ((await stat(dir)).uid === this.#owner) return;
    for (const file of DELEGATED) {
      await chmod(join(dir, file), 0o664);
      await chown(join(dir, file), this.#owner, 0);
    }
    // Whatever the umask.
    await chmod(dir, 0o755);
    await chown(dir, this.#owner, 0);
  }

  async #requireOwner(fd: number, pid: number): Promise<void> {
    const status = await readFile(`/proc/self/fd/${fd}/status`, 'utf8').catch((cause) => {
      throw new NookError('not_found', `Process ${pid} has ended.`, { cause });
    });
    // Real, effective, saved, file system: all four, so that no program with another's rights is moved.
    const uids = /^Uid:\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)$/m.exec(status)?.slice(1) ?? [];
    if (uids.length === 4 && uids.every((uid) => Number(uid) === this.#owner)) return;
    throw new NookError('unauthorized', `Process ${pid} is not the owner's.`);
  }
}
