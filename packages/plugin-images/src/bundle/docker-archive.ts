// What `docker save` writes: https://github.com/moby/docker-image-spec/blob/main/v1.2.md#combined-image-json--filesystem-changeset-format
import { z } from 'zod';
import { readConfig } from '../registry/manifest.ts';
import { checkDocument } from '../registry/small-document.ts';
import { archiveError } from '../unpack/archive-error.ts';
import { type Bundle, type BundledImage, missing, REPAIR, readDocument } from './bundle.ts';
import { chooseImage } from './choose-image.ts';

const path = z.string().min(1).max(4096);
const listSchema = z
  .array(
    z.object({
      Config: path,
      RepoTags: z.array(z.string()).nullish(),
      Layers: z.array(path).max(1000),
    }),
  )
  .max(1000);
/** Configurations are called by their digests, with whatever around them. */
const NAMED_BY_DIGEST = /^(?:.*[/:])?([0-9a-f]{64})(?:\.json)?$/;

export async function isDockerArchive(bundle: Bundle): Promise<boolean> {
  return (await bundle.find('manifest.json')) !== undefined;
}

/** The image of such an archive that is meant. Its layers are checked by what its configuration says of them. */
export async function readDockerArchive(bundle: Bundle, ref: string | undefined, what: string): Promise<BundledImage> {
  const list = await readDocument(bundle, 'manifest.json');
  const images = checkDocument(listSchema, list.text, what);
  const choices = images.map(({ RepoTags, ...image }) => ({ ...image, digest: image.Config, names: RepoTags ?? [] }));
  const chosen = chooseImage(choices, ref, what);
  const { text, digest } = await readDocument(bundle, chosen.Config);
  const named = NAMED_BY_DIGEST.exec(chosen.Config)?.[1];
  if (named !== undefined && digest !== `sha256:${named}`) {
    throw archiveError(`The configuration ${chosen.Config} has the digest ${digest}: it was changed.`, REPAIR);
  }
  const { diffIds, config } = readConfig(text, what);
  if (diffIds.length !== chosen.Layers.length || diffIds.length === 0) {
    throw archiveError(`${what} has ${chosen.Layers.length} layers and says ${diffIds.length}.`, REPAIR);
  }
  const layers = chosen.Layers.map(async (name, index) => {
    const range = await bundle.find(name);
    if (range === undefined) throw missing(name);
    return { ...range, diffId: diffIds[index] ?? '' };
  });
  return { digest, layers: await Promise.all(layers), config, names: chosen.names };
}
