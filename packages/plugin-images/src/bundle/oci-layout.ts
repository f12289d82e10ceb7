// https://github.com/opencontainers/image-spec/blob/main/image-layout.md
import { z } from 'zod';
import { type Descriptor, readConfig, readManifest } from '../registry/manifest.ts';
import { checkDocument } from '../registry/small-document.ts';
import { archiveError } from '../unpack/archive-error.ts';
import { type Bundle, type BundledImage, type BundledLayer, missing, REPAIR, readDocument } from './bundle.ts';
import { chooseImage } from './choose-image.ts';

const REF = 'org.opencontainers.image.ref.name';
const NAME = 'io.containerd.image.name';

const versionSchema = z.object({ imageLayoutVersion: z.string() });
const indexSchema = z.object({
  manifests: z
    .array(
      z.object({
        mediaType: z.string().max(255).optional(),
        digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
        size: z.int().nonnegative(),
        platform: z.object({ os: z.string(), architecture: z.string() }).nullish(),
        annotations: z.record(z.string(), z.string()).nullish(),
      }),
    )
    .max(1000),
});

export async function isLayout(bundle: Bundle): Promise<boolean> {
  return (await bundle.find('oci-layout')) !== undefined && (await bundle.find('index.json')) !== undefined;
}

/** The image of an OCI layout that is meant, with all that its documents say checked but for the layers themselves. */
export async function readLayout(bundle: Bundle, ref: string | undefined, what: string): Promise<BundledImage> {
  const version = await readDocument(bundle, 'oci-layout');
  const { imageLayoutVersion } = checkDocument(versionSchema, version.text, what);
  if (!/^1\./.test(imageLayoutVersion)) {
    throw archiveError(`${what} is an OCI layout of version ${imageLayoutVersion.slice(0, 20)}; nook knows 1.`, REPAIR);
  }
  const { text } = await readDocument(bundle, 'index.json');
  const { manifests } = checkDocument(indexSchema, text, what);
  const choices = manifests.map(({ annotations, platform, ...descriptor }) => ({
    ...descriptor,
    names: [...new Set([annotations?.[NAME], annotations?.[REF]].filter((name) => name !== undefined))],
    ...(platform ? { platform: `${platform.os}/${platform.architecture}` } : {}),
  }));
  const chosen = chooseImage(choices, ref, what);
  let descriptor: Descriptor & { readonly mediaType?: string | undefined } = chosen;
  for (let depth = 0; depth < 3; depth += 1) {
    const manifest = readManifest(await readBlob(bundle, descriptor), descriptor.mediaType ?? '', what);
    if ('layers' in manifest) {
      const { diffIds, config } = readConfig(await readBlob(bundle, manifest.config), what);
      if (diffIds.length !== manifest.layers.length || diffIds.length === 0) {
        throw archiveError(`${what} has ${manifest.layers.length} layers and says ${diffIds.length}.`, REPAIR);
      }
      const found = manifest.layers.map((layer, index) => findLayer(bundle, layer, diffIds[index] ?? ''));
      return { digest: descriptor.digest, layers: await Promise.all(found), config, names: chosen.names };
    }
    descriptor = manifest;
  }
  throw archiveError(`${what} has indexes that lead to indexes.`, REPAIR);
}

async function findLayer(bundle: Bundle, layer: Descriptor, diffId: string): Promise<BundledLayer> {
  return { ...(await findBlob(bundle, layer)), digest: layer.digest, diffId };
}

async function readBlob(bundle: Bundle, descriptor: Descriptor): Promise<string> {
  await findBlob(bundle, descriptor);
  const { text, digest } = await readDocument(bundle, blobName(descriptor));
  if (digest !== descriptor.digest) {
    throw archiveError(`${blobName(descriptor)} has the digest ${digest}: it was changed, or is damaged.`, REPAIR);
  }
  return text;
}

async function findBlob(bundle: Bundle, descriptor: Descriptor) {
  const range = await bundle.find(blobName(descriptor));
  if (range === undefined) throw missing(blobName(descriptor));
  if (range.length === descriptor.size) return range;
  throw archiveError(`${blobName(descriptor)} has ${range.length} bytes; its image says ${descriptor.size}.`, REPAIR);
}

function blobName({ digest }: Descriptor): string {
  return `blobs/sha256/${digest.replace(/^sha256:/, '')}`;
}
