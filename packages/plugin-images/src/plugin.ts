import { join } from 'node:path';
import { API_VERSION, type PluginDefinition } from '@nook/daemonapi';
import { UBUNTU } from './apt/distribution.ts';
import { Catalog, checkEntries } from './catalog/catalog.ts';
import { configSchema, type ImagesConfig } from './config.ts';
import type {} from './contract.ts';
import { doctorChecks } from './doctor.ts';
import { debianKernels } from './kernel/debian-kernels.ts';
import type { KernelManifest } from './kernel/kernel-builder.ts';
import { kernelFiles } from './kernel/kernel-file.ts';
import { kernelUrls } from './kernel/kernel-url.ts';
import { registerImageMethods, registerKernelMethods } from './methods.ts';
import { registrySource } from './registry/registry-source.ts';
import { fileSource } from './sources/archive-file.ts';
import { busyboxSource } from './sources/busybox.ts';
import { checkClaims } from './sources/claims.ts';
import { debianSource } from './sources/debian.ts';
import { BuildArea } from './store/build-area.ts';
import type { ImageManifest } from './store/image-builder.ts';
import { Images } from './store/images.ts';
import { integrityCheck } from './store/integrity.ts';
import { Keeper } from './store/keeper.ts';
import { Kernels } from './store/kernels.ts';
import { StoreLayout } from './store/layout.ts';
import { Leases } from './store/leases.ts';
import { registerPruneMethods } from './store/prune-methods.ts';
import { RecordStore } from './store/record-store.ts';

/** Images and kernels: what VMs boot, in a content-addressed store that several homes may share. */
export const images: PluginDefinition<'images', ImagesConfig> = {
  name: 'images',
  api: API_VERSION,
  version: '0.1.0',
  from: import.meta.url,
  config: configSchema,
  setup(context) {
    const { config, clock, dirs, log } = context;
    const vms = context.want('vms');
    const layout = new StoreLayout(dirs.images);
    const area = new BuildArea(layout, log);
    const apt = { config, cache: dirs.cache };
    const sources = () => context.contributions('image.source');
    const kernelSources = () => context.contributions('kernel.source');
    const entries = () => context.contributions('image.catalog');
    const file = { path: config.catalog ?? join(dirs.config, 'catalog.toml'), required: config.catalog !== undefined };
    const catalog = new Catalog({ file, sources, contributed: entries });
    const imageStore = new RecordStore<ImageManifest>(layout, 'images');
    const kernelStore = new RecordStore<KernelManifest>(layout, 'kernels');
    const leases = new Leases({ layout, home: dirs.state, clock, log });
    const imageKeeper = new Keeper({
      ...{ kind: 'image' as const, store: imageStore, leases, clock },
      users: (digest) => (vms.available ? vms.imageUsers(digest) : []),
    });
    const kernelKeeper = new Keeper({
      ...{ kind: 'kernel' as const, store: kernelStore, leases, clock },
      users: (digest) => (vms.available ? vms.kernelUsers(digest) : []),
    });
    const ownImages = new Images({
      ...{ area, config, clock, log, store: imageStore, sources, catalog, keeper: imageKeeper, leases },
    });
    const ownKernels = new Kernels({
      ...{ area, config, clock, store: kernelStore, sources: kernelSources, keeper: kernelKeeper, leases },
    });
    context.provide('images', ownImages);
    context.provide('kernels', ownKernels);
    registerImageMethods(context, ownImages);
    registerKernelMethods(context, ownKernels);
    registerPruneMethods(context, { image: imageKeeper, kernel: kernelKeeper }, layout);
    const places = { blobs: layout.blobs, locks: layout.locks };
    const registry = registrySource({ registries: config.registries, places, maxBytes: config.max_import_bytes });
    for (const source of [
      debianSource(apt),
      debianSource(apt, UBUNTU),
      busyboxSource(apt),
      fileSource(config.max_import_bytes),
      registry,
    ]) {
      context.contribute('image.source', source);
    }
    for (const source of [debianKernels(apt), kernelFiles(), kernelUrls()]) context.contribute('kernel.source', source);
    for (const check of doctorChecks(config, layout.root)) context.contribute('doctor.check', check);
    context.contribute(
      'doctor.check',
      integrityCheck({ image: imageStore, kernel: kernelStore }, { image: imageKeeper, kernel: kernelKeeper }),
    );
    return {
      async start(signal) {
        checkEntries(entries());
        checkClaims('image', sources(), entries());
        checkClaims('kernel', kernelSources());
        try {
          await area.sweep(signal);
        } catch (error) {
          log.warn({ err: error }, 'could not look for what killed builds left; pulls look again');
        }
      },
      async stop() {
        await Promise.all([ownImages.stop(), ownKernels.stop()]);
      },
    };
  },
};
