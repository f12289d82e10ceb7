import { isAbsolute, join } from 'node:path';
import { type Clock, type KernelSource, NookError } from '@nook/daemonapi';
import type { ImagesConfig } from '../config.ts';
import type {
  EnsureOptions,
  KernelImport,
  KernelInfo,
  KernelList,
  KernelPull,
  KernelRow,
  KernelsCapability,
} from '../contract.ts';
import { errors } from '../errors.ts';
import { DEFAULT_KERNEL } from '../kernel/default-kernel.ts';
import {
  buildKernel,
  type Companions,
  INITRD,
  type KernelManifest,
  modulesPath,
  VMLINUX,
} from '../kernel/kernel-builder.ts';
import { kernelFileReference, requireFile } from '../kernel/kernel-file.ts';
import { catalogOf, nameOwner, schemeOwner } from '../sources/claims.ts';
import { withoutUserinfo } from '../userinfo.ts';
import type { BuildArea } from './build-area.ts';
import { explainFailure } from './failures.ts';
import { waiting } from './images.ts';
import type { Keeper } from './keeper.ts';
import type { Leases } from './leases.ts';
import { nameOf } from './name-of.ts';
import { NAME, type RecordStore, type Removal, type Stored } from './record-store.ts';
import { SharedWork } from './shared-work.ts';

export interface KernelsParts {
  readonly store: RecordStore<KernelManifest>;
  readonly area: BuildArea;
  readonly config: ImagesConfig;
  /** Those that plugins of this daemon contribute. */
  readonly sources: () => readonly KernelSource[];
  readonly clock: Clock;
  readonly keeper: Keeper<KernelManifest>;
  readonly leases: Leases;
}

interface Wanted {
  readonly source: KernelSource;
  readonly name: string;
  readonly reference: string;
  readonly companions: Companions;
  /** Asked about what has the name, once this process is the only one that builds it. @returns whether that will do */
  readonly serves: (stored: Stored<KernelManifest>) => boolean;
}

/** The kernels of this daemon: what the store has, and the pulls that run. */
export class Kernels implements KernelsCapability {
  readonly #parts: KernelsParts;
  readonly #work = new SharedWork<KernelInfo>();

  constructor(parts: KernelsParts) {
    this.#parts = parts;
  }

  get(reference: string = DEFAULT_KERNEL): KernelInfo | undefined {
    const name = nameOf(reference);
    const stored = this.#parts.store.get(name);
    if (stored === undefined) return undefined;
    return name === reference || stored.reference === reference ? toInfo(stored) : undefined;
  }

  show(reference: string = DEFAULT_KERNEL): KernelInfo {
    const kernel = this.get(reference);
    if (kernel !== undefined) return kernel;
    if (this.#sourceOf(reference) === undefined) throw errors.unknownKernel(reference, this.#known());
    throw new NookError('not_found', `Kernel '${withoutUserinfo(reference)}' has not been pulled yet.`, {
      hint: `Pull it: nook kernel pull${reference === DEFAULT_KERNEL ? '' : ` ${reference}`}`,
    });
  }

  async ensure(reference: string | undefined, options: EnsureOptions): Promise<KernelInfo> {
    const kernel = this.get(reference) ?? (await this.pull({ reference }, options));
    await this.#parts.leases.take(kernel.digest);
    return kernel;
  }

  /** `force` asks the source for a newer one although the store has one. */
  async pull(request: KernelPull, options: EnsureOptions): Promise<KernelInfo> {
    const reference = referenceOf(request);
    const { name = defaultName(reference), force = false } = request;
    const source = this.#sourceOf(reference);
    if (source === undefined) {
      if (force || request.name !== undefined) throw errors.unknownKernel(reference, this.#known());
      return this.show(reference);
    }
    if (name !== reference) this.#requireFree(name);
    const serves = (stored: Stored<KernelManifest>) => {
      if ((stored.reference ?? stored.name) !== reference) throw errors.nameTaken(name, 'kernel');
      return !force;
    };
    return this.#build({ source, name, reference, companions: {}, serves }, options);
  }

  async import({ path, modules, initrd, name }: KernelImport, options: EnsureOptions): Promise<KernelInfo> {
    const reference = kernelFileReference(path);
    const source = this.#sourceOf(reference);
    const named = name ?? defaultName(path);
    this.#requireFree(named);
    if (source === undefined || this.get(named) !== undefined) throw errors.nameTaken(named, 'kernel');
    if (modules !== undefined) requireAbsolute(modules);
    if (initrd !== undefined) {
      requireAbsolute(initrd);
      await requireFile(initrd, 'an initrd');
    }
    const serves = () => {
      throw errors.nameTaken(named, 'kernel');
    };
    return this.#build({ source, name: named, reference, companions: { modules, initrd }, serves }, options);
  }

  list({ available = false }: KernelList): KernelRow[] {
    const catalog = catalogOf(this.#parts.sources());
    const rows = this.#parts.store.list().map(({ name, manifest }) => ({
      name,
      state: 'ready' as const,
      default: name === DEFAULT_KERNEL,
      summary: catalog.find((entry) => entry.name === name)?.summary ?? manifest.source,
      digest: manifest.digest,
      release: manifest.release,
      version: manifest.version,
      created_at: manifest.created_at,
    }));
    const nothing = { state: 'available' as const, digest: null, release: null, version: null, created_at: null };
    const others = catalog.filter((entry) => rows.every(({ name }) => name !== entry.name));
    const all = [
      ...rows,
      ...others.map(({ name, summary }) => ({ ...nothing, name, summary, default: name === DEFAULT_KERNEL })),
    ];
    return available ? all.filter(({ name }) => catalog.some((entry) => entry.name === name)) : all;
  }

  async remove(reference: string, signal: AbortSignal): Promise<Removal> {
    this.show(reference);
    const { store, keeper } = this.#parts;
    return store.remove(nameOf(reference), (stored) => keeper.refuseUsed(stored), signal);
  }

  stop(): Promise<void> {
    return this.#work.stop();
  }

  #build({ source, name, reference, companions, serves }: Wanted, options: EnsureOptions): Promise<KernelInfo> {
    const { store, area, config, clock } = this.#parts;
    const key = JSON.stringify([name, reference, companions]);
    return this.#work.join(key, options, async (signal, progress) => {
      try {
        await using place = await area.open(`kernel-${name}`, signal, waiting(progress));
        const found = store.get(name);
        if (found !== undefined && serves(found)) return toInfo(found);
        const naming = name === reference ? { name } : { name, reference };
        const now = () => clock.now();
        const request = { source, reference, companions, naming, place, store, now, signal, progress };
        return toInfo(await buildKernel({ ...request, maxBytes: config.max_import_bytes }));
      } catch (error) {
        throw explainFailure(error, store.layout.root, signal);
      }
    });
  }

  /** @throws NookError for what cannot be the name of a kernel that is not the catalog's */
  #requireFree(name: string): void {
    if (!NAME.test(name)) throw errors.badName(name, 'kernel');
    if (nameOwner(this.#parts.sources(), name) !== undefined) throw errors.nameTaken(name, 'kernel');
  }

  #sourceOf(reference: string): KernelSource | undefined {
    const sources = this.#parts.sources();
    const unknown = (scheme: string) => errors.unknownKernelScheme(scheme, sources);
    return nameOwner(sources, reference) ?? schemeOwner(sources, reference, unknown);
  }

  #known(): string[] {
    const names = [...catalogOf(this.#parts.sources()), ...this.#parts.store.list()].map(({ name }) => name);
    return [...new Set(names)];
  }
}

/** What the kernel must be goes with where it is. */
function referenceOf({ reference = DEFAULT_KERNEL, sha256 }: KernelPull): string {
  return sha256 === undefined ? reference : `${reference}#sha256=${sha256.toLowerCase()}`;
}

/** The last part of a path or a URL, for what has one. */
function defaultName(reference: string): string {
  if (!reference.includes('/')) return nameOf(reference);
  const path = reference.replace(/[?#].*$/, '').replace(/\/+$/, '');
  return nameOf(path.slice(path.lastIndexOf('/') + 1));
}

function requireAbsolute(path: string): void {
  if (isAbsolute(path) && !path.includes('\0')) return;
  throw new NookError('bad_params', `The path '${path}' is not absolute.`);
}

function toInfo({ name, manifest, directory }: Stored<KernelManifest>): KernelInfo {
  const { digest, release, version, source } = manifest;
  const modules = join(directory, modulesPath(release));
  const initrd = manifest.initrd === true ? join(directory, INITRD) : null;
  return { name, digest, release, version, source, vmlinux: join(directory, VMLINUX), modules, initrd };
}
