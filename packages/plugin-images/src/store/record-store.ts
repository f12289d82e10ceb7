import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, lstat, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { NookError } from '@nook/daemonapi';
import { lockFile } from '../processes/file-lock.ts';
import { withoutUserinfo } from '../userinfo.ts';
import { runJob } from '../worker/run-job.ts';
import { syncPath, writeJsonAtomic } from './atomic-file.ts';
import type { Kind, StoreLayout } from './layout.ts';

/** A name, and the reference that it stands for where it is not one itself. */
export interface Naming {
  readonly name: string;
  readonly reference?: string;
}

/** What a name points at. */
interface NameRecord extends Naming {
  readonly digest: string;
  readonly created_at: number;
}

/** What every manifest has; kinds add their own fields. */
export interface Manifest {
  /** Version of the manifest's own format. */
  readonly format: 1;
  readonly digest: string;
  readonly source: string;
  readonly created_at: number;
  /** As `contentHash` answers it. Absent in those of earlier versions. */
  readonly content_sha256?: string;
}

export interface Stored<M> extends Naming {
  readonly manifest: M;
  /** Absolute path of the content's directory. */
  readonly directory: string;
}

const PUBLISH_WAIT_SECONDS = 60;
export const DIGEST = /^sha256:[0-9a-f]{64}$/;
export const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;

/** The images or the kernels of one store directory. Reads ask the files each time: other homes write them too. */
export class RecordStore<M extends Manifest> {
  readonly layout: StoreLayout;
  readonly #kind: Kind;

  constructor(layout: StoreLayout, kind: Kind) {
    this.layout = layout;
    this.#kind = kind;
  }

  /** By name or digest; undefined when it, or the content that it points at, is not there. */
  get(reference: string): Stored<M> | undefined {
    if (DIGEST.test(reference)) {
      const manifest = this.#manifest(reference);
      if (manifest === undefined) return undefined;
      const name = this.namesOf(reference)[0] ?? reference;
      return { name, manifest, directory: this.layout.content(this.#kind, reference) };
    }
    if (!NAME.test(reference)) return undefined;
    const record = readJson<NameRecord>(this.layout.name(this.#kind, reference));
    const manifest = record === undefined ? undefined : this.#manifest(record.digest);
    if (record === undefined || manifest === undefined) return undefined;
    const { digest, created_at: _, ...naming } = record;
    return { ...naming, manifest, directory: this.layout.content(this.#kind, digest) };
  }

  /** Everything, names first, then content that no name points at under its digest. */
  list(): Stored<M>[] {
    const named = this.#names().flatMap((name) => this.get(name) ?? []);
    const known = new Set(named.map(({ manifest }) => manifest.digest));
    const unnamed = entries(this.layout.contents(this.#kind))
      .map((hex) => `sha256:${hex}`)
      .filter((digest) => !known.has(digest))
      .flatMap((digest) => this.get(digest) ?? []);
    return [...named, ...unnamed];
  }

  namesOf(digest: string): string[] {
    return this.#names().filter((name) => readJson<NameRecord>(this.layout.name(this.#kind, name))?.digest === digest);
  }

  /**
   * Makes `directory` (in the building area, complete but for its manifest) the content of the manifest's digest,
   * and points the name at it. Content that is there already stays as it is. What the manifest does not say of the
   * content's hash is looked up.
   */
  async publish(naming: Naming, directory: string, manifest: M, signal: AbortSignal): Promise<Stored<M>> {
    const content_sha256 = manifest.content_sha256 ?? (await hashOf(directory, signal));
    await writeJsonAtomic(join(directory, 'manifest.json'), { ...manifest, content_sha256 });
    await chmod(join(directory, 'manifest.json'), 0o400);
    await using _lock = await this.#lock(signal);
    const target = this.layout.content(this.#kind, manifest.digest);
    if (this.#manifest(manifest.digest) === undefined) {
      await rm(target, { recursive: true, force: true });
      await syncPath(directory);
      await rename(directory, target);
      await syncPath(this.layout.contents(this.#kind));
    }
    return this.#point(naming, manifest.digest, manifest.created_at);
  }

  /** Puts a file into content that is there, in place of the one of its name, and describes it anew. */
  async adopt(file: string, manifest: M, signal: AbortSignal): Promise<void> {
    await using _lock = await this.#lock(signal);
    const directory = this.layout.content(this.#kind, manifest.digest);
    if (this.#manifest(manifest.digest) === undefined) throw lost(manifest.digest);
    await chmod(file, 0o400);
    await syncPath(file);
    await rename(file, join(directory, basename(file)));
    await syncPath(directory);
    await this.#describe(manifest);
  }

  /** Replaces the manifest of content that is there. */
  async describe(manifest: M, signal: AbortSignal): Promise<void> {
    await using _lock = await this.#lock(signal);
    if (this.#manifest(manifest.digest) !== undefined) await this.#describe(manifest);
  }

  /** Points a name at content that is there. */
  async point(naming: Naming, digest: string, at: number, signal: AbortSignal): Promise<Stored<M>> {
    await using _lock = await this.#lock(signal);
    return this.#point(naming, digest, at);
  }

  /**
   * Removes a name, and the content with its last one; given a digest, all its names and the content.
   * `refuse` is asked, under the lock, before content goes.
   */
  async remove(reference: string, refuse: (stored: Stored<M>) => void, signal: AbortSignal): Promise<Removal> {
    await using _lock = await this.#lock(signal);
    const stored = this.get(reference);
    if (stored === undefined) throw new NookError('not_found', `'${withoutUserinfo(reference)}' is not in the store.`);
    const { digest } = stored.manifest;
    const names = this.namesOf(digest);
    const going = reference === digest ? names : names.filter((name) => name === reference);
    const deleted = going.length === names.length;
    if (deleted) refuse(stored);
    for (const name of going) await rm(this.layout.name(this.#kind, name), { force: true });
    await syncPath(this.layout.names(this.#kind));
    if (deleted) await this.#discard(digest);
    return { name: stored.name, digest, deleted };
  }

  /** Renamed away first, so that content is whole or absent; what a crash leaves in the building area is swept. */
  async #discard(digest: string): Promise<void> {
    const trash = await mkdtemp(join(this.layout.building, 'store.'));
    await rename(this.layout.content(this.#kind, digest), join(trash, 'content'));
    await rm(trash, { recursive: true, force: true });
  }

  async #point(naming: Naming, digest: string, at: number): Promise<Stored<M>> {
    const record: NameRecord = { ...naming, digest, created_at: at };
    await writeJsonAtomic(this.layout.name(this.#kind, naming.name), record);
    const stored = this.get(naming.name);
    if (stored === undefined) throw lost(digest);
    return stored;
  }

  async #describe(manifest: M): Promise<void> {
    const path = join(this.layout.content(this.#kind, manifest.digest), 'manifest.json');
    await writeJsonAtomic(path, manifest);
    await chmod(path, 0o400);
  }

  #lock(signal: AbortSignal) {
    return lockFile(this.layout.lock('store'), { signal, waitSeconds: PUBLISH_WAIT_SECONDS });
  }

  #manifest(digest: string): M | undefined {
    const manifest = readJson<M>(join(this.layout.content(this.#kind, digest), 'manifest.json'));
    return manifest?.format === 1 ? manifest : undefined;
  }

  #names(): string[] {
    return entries(this.layout.names(this.#kind))
      .filter((file) => file.endsWith('.json'))
      .map((file) => file.slice(0, -'.json'.length))
      .filter((name) => NAME.test(name));
  }
}

function lost(digest: string): NookError {
  return new NookError('operation_failed', `${digest} is not in the store any more.`);
}

async function hashOf(directory: string, signal: AbortSignal): Promise<string> {
  return (await runJob({ job: 'hash', directory }, { signal, progress: () => {} })).sha256;
}

export interface Removal {
  name: string;
  digest: string;
  deleted: boolean;
}

/** Bytes that a directory's files take on the disk, not going into subdirectories. */
export async function diskBytes(directory: string): Promise<number> {
  const files = await readdir(directory);
  const sizes = await Promise.all(files.map(async (file) => (await lstat(join(directory, file))).blocks * 512));
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}

function entries(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory).sort() : [];
}

function readJson<T>(path: string): T | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T;
  } catch {
    return undefined;
  }
}
