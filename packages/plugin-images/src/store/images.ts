import { join } from 'node:path';
import {
  type CatalogEntry,
  type Clock,
  type ImageSource,
  type Logger,
  NookError,
  type Progress,
} from '@nook/daemonapi';
import type { Catalog } from '../catalog/catalog.ts';
import type { ImagesConfig } from '../config.ts';
import type {
  EnsureOptions,
  ExportFormat,
  ImageExported,
  ImageInfo,
  ImageList,
  ImageRow,
  ImagesCapability,
} from '../contract.ts';
import { errors } from '../errors.ts';
import { fileReference } from '../sources/archive-file.ts';
import { findSource } from '../sources/find-source.ts';
import { withoutUserinfo } from '../userinfo.ts';
import type { BuildArea, BuildPlace } from './build-area.ts';
import { exportImage } from './export-image.ts';
import { isLink } from './external-file.ts';
import { explainFailure } from './failures.ts';
import { type Candidate, fetchFirst } from './fetch-first.ts';
import { DISK_FILE, type ImageManifest } from './image-builder.ts';
import type { Keeper } from './keeper.ts';
import type { Leases } from './leases.ts';
import { nameOf, nameOfFile } from './name-of.ts';
import { DIGEST, diskBytes, NAME, type RecordStore, type Removal, type Stored } from './record-store.ts';
import { promoteDisk, registerDisk, verifyRegistered } from './registered.ts';
import { SharedWork } from './shared-work.ts';

export interface ImagesParts {
  readonly store: RecordStore<ImageManifest>;
  readonly area: BuildArea;
  readonly config: ImagesConfig;
  readonly clock: Clock;
  readonly log: Logger;
  /** Those that plugins of this daemon contribute. */
  readonly sources: () => readonly ImageSource[];
  readonly catalog: Catalog;
  readonly keeper: Keeper<ImageManifest>;
  readonly leases: Leases;
}

export interface PullRequest {
  readonly reference: string;
  readonly name?: string | undefined;
  readonly force?: boolean | undefined;
}

export interface ImportRequest {
  readonly path: string;
  readonly name?: string | undefined;
  readonly ref?: string | undefined;
}

export interface RegisterRequest {
  readonly path: string;
  readonly name?: string | undefined;
}

export interface ExportRequest {
  readonly reference: string;
  readonly format: ExportFormat;
  readonly path: string;
}

interface PlacedWork {
  readonly store: RecordStore<ImageManifest>;
  readonly place: BuildPlace;
  readonly signal: AbortSignal;
  readonly progress: (progress: Progress) => void;
}

interface Wanted {
  /** Where it may come from, best first. */
  readonly candidates: readonly Candidate[];
  readonly name: string;
  readonly reference: string;
  readonly force: boolean;
  /** Asked about what has the name, once this process is the only one that builds it. @returns what needs no building */
  readonly there: (stored: Stored<ImageManifest>) => Stored<ImageManifest> | undefined;
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
    const name = nameOf(reference);
    const stored = this.#parts.store.get(name);
    if (stored === undefined) return undefined;
    return name === reference || stored.reference === reference ? toInfo(stored) : undefined;
  }

  show(reference: string): ImageInfo {
    const image = this.get(reference);
    if (image !== undefined) return image;
    if (this.#candidates(reference).length === 0) throw errors.unknownImage(reference, this.#known());
    throw new NookError('not_found', `Image '${withoutUserinfo(reference)}' has not been pulled yet.`, {
      hint: `Pull it: nook image pull ${withoutUserinfo(reference)}`,
    });
  }

  async ensure(reference: string, options: EnsureOptions): Promise<ImageInfo> {
    const image = this.get(reference) ?? (await this.pull({ reference }, options));
    await this.verify(image.digest, options.signal);
    await this.#parts.leases.take(image.digest);
    return image;
  }

  async verify(digest: string, signal: AbortSignal): Promise<void> {
    const { store } = this.#parts;
    const stored = store.get(digest);
    if (stored !== undefined) await verifyRegistered(stored, store, signal);
  }

  async pull(request: PullRequest, options: EnsureOptions): Promise<ImageInfo> {
    const { reference, name = nameOf(reference), force = false } = request;
    const candidates = this.#candidates(reference);
    if (candidates.length === 0) {
      const image = this.get(reference);
      if (image === undefined || force || name !== reference) throw errors.unknownImage(reference, this.#known());
      return image;
    }
    if (!NAME.test(name)) throw errors.badName(name);
    if (name !== reference && this.#inCatalog(name)) throw errors.nameTaken(name);
    const there = (stored: Stored<ImageManifest>) => {
      if (force) return undefined;
      // Names from before references were kept say nothing of theirs.
      if (name === reference || (stored.reference ?? reference) === reference) return stored;
      throw errors.nameTaken(name);
    };
    return this.#build({ candidates, name, reference, force, there }, options);
  }

  async import(request: ImportRequest, options: EnsureOptions): Promise<ImageInfo> {
    const { path, ref, name = nameOfFile(path, ref) } = request;
    const reference = fileReference(path, ref);
    if (!NAME.test(name)) throw errors.badName(name);
    if (this.get(name) !== undefined || this.#inCatalog(name)) throw errors.nameTaken(name);
    const candidates = this.#candidates(reference);
    const there = () => {
      throw errors.nameTaken(name);
    };
    return this.#build({ candidates, name, reference, force: false, there }, options);
  }

  async register({ path, name = nameOfFile(path) }: RegisterRequest, options: EnsureOptions): Promise<ImageInfo> {
    if (!NAME.test(name)) throw errors.badName(name);
    if (this.get(name) !== undefined || this.#inCatalog(name)) throw errors.nameTaken(name);
    return this.#inPlace(name, `register ${path}`, options, (work) => {
      if (this.get(name) !== undefined) throw errors.nameTaken(name);
      return registerDisk(path, { name }, this.#parts.clock, work);
    });
  }

  async promote(reference: string, options: EnsureOptions): Promise<ImageInfo> {
    const { name, digest } = this.show(reference);
    return this.#inPlace(nameOf(name), `promote ${digest}`, options, (work) => {
      const stored = this.#parts.store.get(nameOf(reference));
      if (stored === undefined) throw errors.unknownImage(reference, this.#known());
      return promoteDisk(stored, work);
    });
  }

  async export(
    { reference, format, path }: ExportRequest,
    { signal, progress }: EnsureOptions,
  ): Promise<ImageExported> {
    const { digest } = this.show(reference);
    await this.verify(digest, signal);
    await this.#parts.leases.take(digest);
    const stored = this.#parts.store.get(nameOf(reference));
    if (stored === undefined) throw errors.unknownImage(reference, this.#known());
    return exportImage(stored, { format, path }, { signal, progress });
  }

  async list({ available = false }: ImageList = {}): Promise<ImageRow[]> {
    const catalog = this.#parts.catalog.entries();
    const stored = this.#parts.store.list();
    const rows = await Promise.all(stored.map((one) => this.#row(one, entryOf(catalog, one.name))));
    const missing = catalog.filter(({ name }) => !rows.some((row) => row.name === name));
    const others = missing.map(({ name, summary, sources }) => ({
      name,
      state: 'available' as const,
      default: name === this.defaultImage(),
      summary,
      sources,
      digest: null,
      size_bytes: null,
      disk_bytes: null,
      created_at: null,
    }));
    const all = [...rows, ...others];
    return available ? all.filter(({ name }) => entryOf(catalog, name) !== undefined) : all;
  }

  async remove(reference: string, signal: AbortSignal): Promise<Removal> {
    this.show(reference);
    const { store, keeper } = this.#parts;
    return store.remove(nameOf(reference), (stored) => keeper.refuseUsed(stored), signal);
  }

  stop(): Promise<void> {
    return this.#work.stop();
  }

  #build({ candidates, name, reference, force, there }: Wanted, options: EnsureOptions): Promise<ImageInfo> {
    const { config, clock, log } = this.#parts;
    return this.#inPlace(name, `${name} from ${reference}`, options, async ({ store, place, signal, progress }) => {
      const found = store.get(name);
      const done = found === undefined ? undefined : there(found);
      if (done !== undefined) return done;
      const naming = name === reference ? { name } : { name, reference };
      const request = { naming, force, place, signal, progress };
      return fetchFirst(candidates, request, { store, config, clock, log });
    });
  }

  /** Does work for a name that only one process does at a time, and one time for all who ask for the same. */
  #inPlace(
    name: string,
    key: string,
    options: EnsureOptions,
    act: (work: PlacedWork) => Promise<Stored<ImageManifest>>,
  ): Promise<ImageInfo> {
    const { store, area } = this.#parts;
    return this.#work.join(key, options, async (signal, progress) => {
      try {
        const lock = DIGEST.test(name) ? name.slice('sha256:'.length) : name;
        await using place = await area.open(`image-${lock}`, signal, waiting(progress));
        return toInfo(await act({ store, place, signal, progress }));
      } catch (error) {
        throw explainFailure(error, store.layout.root, signal);
      }
    });
  }

  /** What a name of the catalog stands for, else the reference itself. @throws NookError `not_found` when nobody claims its scheme */
  #candidates(reference: string): Candidate[] {
    const sources = this.#parts.sources();
    const entry = this.#parts.catalog.find(reference);
    if (entry !== undefined) {
      return entry.sources.map((one) => ({ reference: one, source: () => claimant(sources, one) }));
    }
    const source = findSource(sources, reference);
    return source === undefined ? [] : [{ reference, source: () => source }];
  }

  async #row({ name, manifest, directory }: Stored<ImageManifest>, entry: CatalogEntry | undefined): Promise<ImageRow> {
    return {
      name,
      state: 'ready',
      default: name === this.defaultImage(),
      summary: entry?.summary ?? manifest.source,
      sources: entry?.sources ?? [],
      digest: manifest.digest,
      size_bytes: manifest.size_bytes,
      disk_bytes: await diskBytes(directory),
      created_at: manifest.created_at,
    };
  }

  #inCatalog(name: string): boolean {
    return this.#parts.catalog.find(name) !== undefined;
  }

  #known(): string[] {
    const names = [...this.#parts.store.list(), ...this.#parts.catalog.entries()].map(({ name }) => name);
    return [...new Set(names)].sort();
  }
}

function entryOf(catalog: readonly CatalogEntry[], wanted: string): CatalogEntry | undefined {
  return catalog.find(({ name }) => name === wanted);
}

/** @throws NookError `not_found` */
function claimant(sources: readonly ImageSource[], reference: string): ImageSource {
  const source = findSource(sources, reference);
  if (source !== undefined) return source;
  throw new NookError('not_found', `'${withoutUserinfo(reference)}' is no reference of any source.`, {
    hint: 'The sources of a catalog are references such as debian:bookworm or docker.io/library/debian:12, not names.',
  });
}

/** The progress of somebody who waits for another process. */
export function waiting(progress: (progress: Progress) => void): (holder: string) => void {
  return (holder) => progress({ stage: 'wait', message: `waiting for another pull (${holder})` });
}

function toInfo({ name, manifest, directory }: Stored<ImageManifest>): ImageInfo {
  const { digest, size_bytes, source, created_at, config, external } = manifest;
  const path = join(directory, DISK_FILE);
  const info = { name, digest, path, size_bytes, source, created_at, config };
  return external === undefined || !isLink(path) ? info : { ...info, registered_path: external.path };
}
