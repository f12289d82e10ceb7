import { join } from 'node:path';
import { type ImageSource, NookError, type ResolvedImage } from '@nook/daemonapi';
import { formatByteSize } from '../byte-size.ts';
import { runJob } from '../worker/run-job.ts';
import type { BlobPlaces } from './blob-store.ts';
import { credentialPlaces } from './credentials.ts';
import { type LayeredManifest, readConfig } from './manifest.ts';
import { parseReference, type Reference, showReference } from './reference.ts';
import { RegistryClient } from './registry-client.ts';
import type { Registries } from './registry-settings.ts';

const SCHEME = 'registry:';

interface RegistryOptions {
  readonly registries: Registries;
  readonly places: BlobPlaces;
  /** Most that the layers may add up to as they are sent. */
  readonly maxBytes: number;
}

interface RegistryImage extends ResolvedImage {
  readonly reference: Reference;
  readonly manifest: LayeredManifest;
}

/** Images of OCI registries, Docker's among them. */
export function registrySource({ registries, places, maxBytes }: RegistryOptions): ImageSource {
  return {
    name: 'registry',
    schemes: ['registry'],
    async resolve(text, { signal }): Promise<RegistryImage> {
      const reference = parseReference(text.startsWith(SCHEME) ? text.slice(SCHEME.length) : text);
      const { digest, manifest } = await new RegistryClient(reference, registries, { signal }).manifest();
      return { digest, source: showReference(reference), reference, manifest };
    },
    async fetch({ reference, manifest }: RegistryImage, work) {
      const what = showReference(reference);
      const total = manifest.layers.reduce((sum, { size }) => sum + size, 0);
      if (total > maxBytes) {
        throw new NookError('bad_request', `${what} has ${formatByteSize(total)} of packed layers.`, {
          hint: 'Raise [images] max_import_bytes and size in config.toml.',
        });
      }
      const client = new RegistryClient(reference, registries, { signal: work.signal });
      const { diffIds, config } = readConfig(await client.blob(manifest.config), what);
      if (diffIds.length !== manifest.layers.length || diffIds.length === 0) {
        throw new NookError('bad_request', `${what} has ${manifest.layers.length} layers and says ${diffIds.length}.`);
      }
      const credentials = credentialPlaces();
      const job = {
        job: 'download' as const,
        reference: what,
        registries,
        places,
        into: work.directory,
        credentials,
        blobs: manifest.layers,
      };
      await runJob(job, { signal: work.signal, lockFd: work.lockFd, progress: (update) => work.progress(update) });
      const layers = manifest.layers.map(({ digest }, index) => ({
        tar: join(work.directory, digest.replace(/^sha256:/, '')),
        diffId: diffIds[index] ?? '',
      }));
      return { layers, config };
    },
  };
}
