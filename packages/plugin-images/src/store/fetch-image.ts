import {
  type Clock,
  type ImageSource,
  type Logger,
  NookError,
  type Progress,
  type ResolvedImage,
} from '@nook/daemonapi';
import type { ImagesConfig } from '../config.ts';
import { EXT4_FORMAT } from '../ext4/make-ext4.ts';
import { heeding, imageWork } from '../sources/image-work.ts';
import { tarOf } from '../sources/tar-of.ts';
import type { BuildPlace } from './build-area.ts';
import { AS_IT_CAME, keepDisk, NO_CONFIG } from './disk-image.ts';
import { buildImage, type ImageManifest, type ImageOrigin } from './image-builder.ts';
import { DIGEST, type Naming, type RecordStore, type Stored } from './record-store.ts';

export interface FetchRequest {
  readonly source: ImageSource;
  readonly reference: string;
  readonly naming: Naming;
  /** Fetches also what the store has. */
  readonly force: boolean;
  readonly place: BuildPlace;
  readonly signal: AbortSignal;
  readonly progress: (progress: Progress) => void;
}

export interface ImageParts {
  readonly store: RecordStore<ImageManifest>;
  readonly config: ImagesConfig;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Brings an image from its source into the store. What the store has of that source already is only given the name. */
export async function fetchImage(request: FetchRequest, parts: ImageParts): Promise<Stored<ImageManifest>> {
  const { source, reference, naming, place, signal, progress } = request;
  const { store, config, clock, log } = parts;
  const work = await imageWork(place, { signal, progress });
  const image = await heeding(signal, source.resolve(reference, work));
  checkDigest(source, image);
  const origin: ImageOrigin = { source: source.name, digest: image.digest, ext4: EXT4_FORMAT };
  const known = request.force ? undefined : store.list().find(({ manifest }) => isOf(manifest, origin, config.size));
  if (known !== undefined) return store.point(naming, known.manifest.digest, clock.now(), signal);
  const maxBytes = Math.min(config.max_import_bytes, config.size);
  const content = await heeding(signal, source.fetch(image, work));
  if ('disk' in content) {
    const about = { origin, source: image.source, config: content.config ?? NO_CONFIG };
    return keepDisk({ ...about, ...{ disk: content.disk, naming, place, store, clock, signal, progress } });
  }
  const tar = await tarOf(content, work, maxBytes);
  return buildImage({
    ...{ naming, tar, origin, source: image.source, config: content.config ?? NO_CONFIG, maxBytes },
    ...{ sizeBytes: config.size, place, store, clock, log, signal, progress },
  });
}

function isOf({ origin, size_bytes }: ImageManifest, wanted: ImageOrigin, size: number): boolean {
  const alike = (size_bytes === size && origin?.ext4 === wanted.ext4) || origin?.ext4 === AS_IT_CAME;
  return alike && origin?.source === wanted.source && origin.digest === wanted.digest;
}

function checkDigest({ name }: ImageSource, { digest }: ResolvedImage): void {
  if (DIGEST.test(digest)) return;
  throw new NookError('operation_failed', `The source '${name}' answered '${digest}', which is no digest.`);
}
