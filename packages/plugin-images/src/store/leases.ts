import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Logger } from '@nook/daemonapi';
import { writeJsonAtomic } from './atomic-file.ts';
import type { StoreLayout } from './layout.ts';
import { LEASE_MS } from './prune.ts';

interface Lease {
  /** State folder of the home that asked for the content. */
  readonly home: string;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
}

interface LeasesParts {
  readonly layout: StoreLayout;
  /** State folder of this home. */
  readonly home: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Which homes have asked for what, in `leases/HEX.HOME`. A store may serve several, and a home knows only its own VMs: a
 * lease stands until its home finds that none of its VMs needs the content, or until that home is gone.
 */
export class Leases {
  readonly #parts: LeasesParts;
  readonly #own: string;

  constructor(parts: LeasesParts) {
    this.#parts = parts;
    this.#own = createHash('sha256').update(parts.home).digest('hex').slice(0, 16);
  }

  /** Written before whoever asked is answered; one that was written of late will do. */
  async take(digest: string): Promise<void> {
    const before = this.takenAt(digest);
    if (before !== undefined && this.#parts.clock.now() - before < LEASE_MS / 2) return;
    const lease: Lease = { home: this.#parts.home, at: this.#parts.clock.now() };
    try {
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
      await writeJsonAtomic(join(this.#directory, `${hexOf(digest)}.${this.#own}`), lease);
    } catch (error) {
      // Nothing is removed from a store that cannot be written either, and in a full one a VM may still start.
      this.#parts.log.warn({ err: error, digest }, 'could not note that an image or kernel is wanted');
    }
  }

  /** When this home last asked. */
  takenAt(digest: string): number | undefined {
    return readLease(join(this.#directory, `${hexOf(digest)}.${this.#own}`))?.at;
  }

  /** State folders of other homes that stand on it, as far as is known here. */
  others(digest: string): string[] {
    return this.#names()
      .filter((name) => name.startsWith(`${hexOf(digest)}.`) && !name.endsWith(`.${this.#own}`))
      .flatMap((name) => readLease(join(this.#directory, name)) ?? [])
      .map(({ home }) => home)
      .filter((home) => isFolder(home));
  }

  /** Drops this home's leases on what it does not use. */
  settle(isUsed: (digest: string) => boolean): void {
    const now = this.#parts.clock.now();
    for (const name of this.#names()) {
      const home = readLease(join(this.#directory, name))?.home;
      if (home === undefined || !isFolder(home)) rmSync(join(this.#directory, name), { force: true });
    }
    for (const name of this.#names().filter((each) => each.endsWith(`.${this.#own}`))) {
      const at = readLease(join(this.#directory, name))?.at ?? 0;
      if (!isUsed(`sha256:${name.slice(0, 64)}`) && now - at > LEASE_MS)
        rmSync(join(this.#directory, name), { force: true });
    }
  }

  #names(): string[] {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    return readdirSync(this.#directory).filter((name) => /^[0-9a-f]{64}\.[0-9a-f]{16}$/.test(name));
  }

  get #directory(): string {
    return join(this.#parts.layout.root, 'leases');
  }
}

const hexOf = (digest: string) => digest.replace(/^sha256:/, '');

function readLease(path: string): Lease | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Lease;
  } catch {
    return undefined;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
