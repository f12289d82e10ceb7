import type { PluginContext } from '@nook/daemonapi';
import { z } from 'zod';
import type { ImagesConfig } from '../config.ts';
import type { KernelManifest } from '../kernel/kernel-builder.ts';
import type { ImageManifest } from './image-builder.ts';
import type { Keeper } from './keeper.ts';
import type { StoreLayout } from './layout.ts';
import { pruneBlobs } from './prune-blobs.ts';

const params = z.strictObject({ dry_run: z.boolean().optional(), all: z.boolean().optional() });
const bytes = z.number().int().nonnegative();
const result = z.object({
  dry_run: z.boolean(),
  removed: z.array(z.object({ name: z.string(), digest: z.string(), bytes })),
  bytes,
});

const blobs = z.object({ files: bytes, bytes });

interface Keepers {
  readonly image: Keeper<ImageManifest>;
  readonly kernel: Keeper<KernelManifest>;
}

export function registerPruneMethods(
  context: PluginContext<'images', ImagesConfig>,
  keepers: Keepers,
  layout: StoreLayout,
): void {
  context.method('image.prune', {
    summary:
      'Removes images that have no name and that no VM uses, with `all` also those that have one, and layers as registries sent them.',
    access: 'write',
    params,
    result: result.extend({ blobs }),
    run: async (request, { signal }) => {
      const pruned = await keepers.image.prune(request, signal);
      const blobs = await pruneBlobs(layout, request.dry_run === true, signal);
      return { ...pruned, blobs, bytes: pruned.bytes + blobs.bytes };
    },
  });
  context.method('kernel.prune', {
    summary: 'Removes kernels that have no name and that no VM uses; with `all`, also those that have one.',
    access: 'write',
    params,
    result,
    run: (request, { signal }) => keepers.kernel.prune(request, signal),
  });
}
