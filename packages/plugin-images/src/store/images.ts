import { join } from 'node:path';
import { type Clock, type Logger, NookError, type Progress } from '@nook/daemonapi';
import { CATALOG } from '../catalog/catalog.ts';
import type { ImagesConfig } from '../config.ts';
import type { EnsureOptions, ImageInfo, ImageRow, ImagesCapability } from '../contract.ts';
import { errors } from '../errors.ts';
import { archiveFile } from '../sources/archive-file.ts';
import { type KitchenRequest, openKitchen } from '../sources/open-kitchen.ts';
import type { Kitchen, Recipe } from '../sources/recipe.ts';
import type { BuildArea } from './build-area.ts';
import { explainFailure } from './failures.ts';
import { buildImage, DISK_FILE, type ImageManifest } from './image-builder.ts';
import { diskBytes, NAME, type RecordStore, type Removal, type Stored } from './record-store.ts';
import { SharedWork } from './shared-work.ts';

export interface ImagesParts {
  readonly store: RecordStore<ImageManifest>;
  readonly area: BuildArea;
  readonly config: ImagesConfig;
  readonly clock: Clock;
  readonly log: Logger;
  /** Directory for what can be made again. */
  readonly cache: string;
  /** Names of the VMs whose disks stand on an image. */
  readonly users: (digest: string) => readonly string[];
}

export interface PullRequest {
  readonly reference: string;
  readonly name?: string | undefined;
  readonly force?: boolean | undefined;
}

/** The images of this daemon: what the store has, and the pulls that run. */
export class Images implements ImagesCapability {
  readonly #parts: ImagesParts;
  readonly #work = new SharedWork<ImageInfo>();

  constructor(parts: ImagesParts) {
    this.#parts = parts;
  }

  defaultImage(): string {
    return this.#parts.config.default;
  }

  get(reference: string): ImageInfo | undefined {
    const stored = this.#parts.store.get(reference);
    return stored === undefined ? undefined : toInfo(stored);
  }

  show(reference: string): ImageInfo {
    const image = this.get(reference);
    if (image !== undefined) return image;
    if (CATALOG.some(({ name }) => name === reference)) {
      throw new NookError('not_found', `Image '${reference}' has not been pulled yet.`, {
        hint: `Pull it: nook image pull ${reference}`,
      });
    }
    throw errors.unknownImage(reference, this.#known());
  }

  async ensure(reference: string, options: EnsureOptions): Promise<ImageInfo> {
    return this.get(reference) ?? this.pull({ reference }, options);
  }

  async pull({ reference, name = reference, force = false }: PullRequest, options: EnsureOptions): Promise<ImageInfo> {
    const entry = CATALOG.find((candidate) => candidate.name === reference);
    if (entry === undefined) {
      const image = this.get(reference);
      if (image === undefined || force || name !== reference) throw errors.unknownImage(reference, this.#known());
      return image;
    }
    if (!NAME.test(name)) throw errors.badName(name);
    return this.#build(name, options, { prepare: entry.prepare, there: (image) => (force ? undefined : image) });
  }

  async import({ name, path }: { name: string; path: string }, options: EnsureOptions): Promise<ImageInfo> {
    if (!NAME.test(name)) throw errors.badName(name);
    if (CATALOG.some((entry) => entry.name === name)) throw errors.nameTaken(name);
    const refuse = (image: ImageInfo) => {
      throw errors.nameTaken(image.name);
    };
    const there = this.get(name);
    if (there !== undefined) refuse(there);
    return this.#build(name, options, {
      work: `${name} from ${path}`,
      prepare: () => archiveFile(path, this.#parts.config.max_import_bytes),
      there: refuse,
    });
  }

  async list(): Promise<ImageRow[]> {
    const rows = await Promise.all(this.#parts.store.list().map((stored) => this.#row(stored)));
    const missing = CATALOG.filter(({ name }) => !rows.some((row) => row.name === name)).map(({ name, summary }) => ({
      name,
      state: 'available' as const,
      default: name === this.defaultImage(),
      summary,
      digest: null,
      size_bytes: null,
      disk_bytes: null,
      created_at: null,
    }));
    return [...rows, ...missing];
  }

  async remove(reference: string, signal: AbortSignal): Promise<Removal> {
    const { name } = this.show(reference);
    return this.#parts.store.remove(
      reference,
      ({ manifest }) => {
        const users = this.#parts.users(manifest.digest);
        if (users.length > 0) throw errors.inUse(name, users);
      },
      signal,
    );
  }

  stop(): Promise<void> {
    return this.#work.stop();
  }

  #build(
    name: string,
    options: EnsureOptions,
    how: {
      /** Tells works under one name apart; the name itself when absent. */
      readonly work?: string;
      readonly prepare: (kitchen: Kitchen) => Promise<Recipe>;
      /** Asked about an image of that name once this process is the only one that builds it. */
      readonly there: (image: ImageInfo) => ImageInfo | undefined;
    },
  ): Promise<ImageInfo> {
    const { store, area, config, clock, log, cache } = this.#parts;
    return this.#work.join(how.work ?? name, options, async (signal, progress) => {
      try {
        await using place = await area.open(`image-${name}`, signal, waiting(progress));
        const image = this.get(name);
        const done = image === undefined ? undefined : how.there(image);
        if (done !== undefined) return done;
        const recipe = await prepared(how.prepare, { config, cache, place, signal, progress });
        const sizeBytes = config.size;
        return toInfo(await buildImage({ name, recipe, place, sizeBytes, store, clock, log, signal, progress }));
      } catch (error) {
        throw explainFailure(error, store.layout.root, signal);
      }
    });
  }

  async #row(stored: Stored<ImageManifest>): Promise<ImageRow> {
    const { name, manifest, directory } = stored;
    return {
      name,
      state: 'ready',
      default: name === this.defaultImage(),
      summary: CATALOG.find((entry) => entry.name === name)?.summary ?? manifest.source,
      digest: manifest.digest,
      size_bytes: manifest.size_bytes,
      disk_bytes: await diskBytes(directory),
      created_at: manifest.created_at,
    };
  }

  #known(): string[] {
    const names = this.#parts.store.list().map(({ name }) => name);
    return [...new Set([...names, ...CATALOG.map(({ name }) => name)])].sort();
  }
}

async function prepared(prepare: (kitchen: Kitchen) => Promise<Recipe>, request: KitchenRequest): Promise<Recipe> {
  await using kitchen = openKitchen(request);
  return await prepare(kitchen);
}

/** The progress of somebody who waits for another process. */
export function waiting(progress: (progress: Progress) => void): (holder: string) => void {
  return (holder) => progress({ stage: 'wait', message: `waiting for another pull (${holder})` });
}

function toInfo({ name, manifest, directory }: Stored<ImageManifest>): ImageInfo {
  const { digest, size_bytes, source, created_at, config } = manifest;
  return { name, digest, path: join(directory, DISK_FILE), size_bytes, source, created_at, config };
}
