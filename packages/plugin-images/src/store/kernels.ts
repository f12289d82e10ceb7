import { join } from 'node:path';
import { type Clock, NookError } from '@nook/daemonapi';
import { type AptSettings, openArchive } from '../apt/open-archive.ts';
import type { EnsureOptions, KernelInfo, KernelRow, KernelsCapability } from '../contract.ts';
import { errors } from '../errors.ts';
import { KERNEL } from '../kernel/default-kernel.ts';
import { buildKernel, type KernelManifest, modulesPath, VMLINUX } from '../kernel/kernel-builder.ts';
import { catalogKernel, KERNELS } from '../kernel/kernel-catalog.ts';
import type { BuildArea } from './build-area.ts';
import { explainFailure } from './failures.ts';
import { waiting } from './images.ts';
import type { Keeper } from './keeper.ts';
import type { Leases } from './leases.ts';
import type { RecordStore, Removal, Stored } from './record-store.ts';
import { SharedWork } from './shared-work.ts';

export interface KernelsParts {
  readonly store: RecordStore<KernelManifest>;
  readonly area: BuildArea;
  readonly apt: AptSettings;
  readonly clock: Clock;
  readonly keeper: Keeper<KernelManifest>;
  readonly leases: Leases;
}

/** The kernels of this daemon: what the store has, and the pulls that run. */
export class Kernels implements KernelsCapability {
  readonly #parts: KernelsParts;
  readonly #work = new SharedWork<KernelInfo>();

  constructor(parts: KernelsParts) {
    this.#parts = parts;
  }

  get(reference: string = KERNEL.name): KernelInfo | undefined {
    const stored = this.#parts.store.get(reference);
    return stored === undefined ? undefined : toInfo(stored);
  }

  show(reference: string = KERNEL.name): KernelInfo {
    const kernel = this.get(reference);
    if (kernel !== undefined) return kernel;
    if (catalogKernel(reference) === undefined) throw errors.unknownKernel(reference, this.#known());
    throw new NookError('not_found', `Kernel '${reference}' has not been pulled yet.`, {
      hint: `Pull it: nook kernel pull${reference === KERNEL.name ? '' : ` ${reference}`}`,
    });
  }

  async ensure(reference: string | undefined, options: EnsureOptions): Promise<KernelInfo> {
    const kernel = this.get(reference) ?? (await this.pull({ reference }, options));
    await this.#parts.leases.take(kernel.digest);
    return kernel;
  }

  /** `force` asks the archive for a newer one although the store has one. */
  async pull(
    { reference = KERNEL.name, force = false }: { reference?: string | undefined; force?: boolean | undefined },
    options: EnsureOptions,
  ): Promise<KernelInfo> {
    const entry = catalogKernel(reference);
    if (entry === undefined) return this.show(reference);
    const { store, area, apt, clock } = this.#parts;
    return this.#work.join(reference, options, async (signal, progress) => {
      try {
        await using place = await area.open(`kernel-${reference}`, signal, waiting(progress));
        const kernel = this.get(reference);
        if (kernel !== undefined && !force) return kernel;
        await using held = await openArchive(apt, { signal, progress, lockFd: place.lockFd });
        const { archive } = held;
        return toInfo(await buildKernel({ entry, archive, place, store, now: () => clock.now(), signal, progress }));
      } catch (error) {
        throw explainFailure(error, store.layout.root, signal);
      }
    });
  }

  list(): KernelRow[] {
    const rows = this.#parts.store.list().map(({ name, manifest }) => ({
      name,
      state: 'ready' as const,
      default: name === KERNEL.name,
      summary: catalogKernel(name)?.summary ?? manifest.source,
      digest: manifest.digest,
      release: manifest.release,
      version: manifest.version,
      created_at: manifest.created_at,
    }));
    const nothing = { state: 'available' as const, digest: null, release: null, version: null, created_at: null };
    const others = KERNELS.filter((entry) => rows.every(({ name }) => name !== entry.name));
    return [
      ...rows,
      ...others.map(({ name, summary }) => ({ ...nothing, name, summary, default: name === KERNEL.name })),
    ];
  }

  async remove(reference: string, signal: AbortSignal): Promise<Removal> {
    this.show(reference);
    const { store, keeper } = this.#parts;
    return store.remove(reference, (stored) => keeper.refuseUsed(stored), signal);
  }

  stop(): Promise<void> {
    return this.#work.stop();
  }

  #known(): string[] {
    return [...new Set([...KERNELS.map(({ name }) => name), ...this.#parts.store.list().map(({ name }) => name)])];
  }
}

function toInfo({ name, manifest, directory }: Stored<KernelManifest>): KernelInfo {
  const { digest, release, version } = manifest;
  const vmlinux = join(directory, VMLINUX);
  return { name, digest, release, version, vmlinux, modules: join(directory, modulesPath(release)) };
}
