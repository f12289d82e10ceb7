// Manifests and configurations: https://github.com/opencontainers/image-spec, and docker's schema 2 of the same shape.
import { type ImageConfig, NookError } from '@nook/daemonapi';
import { z } from 'zod';
import { INDEXES, isTarLayer, MANIFESTS } from './media-types.ts';
import { checkDocument, parseDocument } from './small-document.ts';

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const descriptor = z.object({
  mediaType: z.string().max(255).optional(),
  digest,
  size: z.int().nonnegative(),
});
const platform = z.object({ architecture: z.string(), os: z.string(), variant: z.string().optional() });
const indexSchema = z.object({
  manifests: z.array(descriptor.extend({ platform: platform.nullish() })).max(1000),
});
const manifestSchema = z.object({
  config: descriptor,
  layers: z.array(descriptor.extend({ mediaType: z.string() })).max(1000),
});
const words = z.array(z.string()).nullish();
const configSchema = z.object({
  architecture: z.string().optional(),
  os: z.string().optional(),
  rootfs: z.object({ diff_ids: z.array(digest).max(1000) }),
  config: z
    .object({
      Env: words,
      Cmd: words,
      Entrypoint: words,
      WorkingDir: z.string().nullish(),
      User: z.string().nullish(),
      StopSignal: z.string().nullish(),
      ExposedPorts: z.record(z.string(), z.unknown()).nullish(),
    })
    .nullish(),
});

export interface Descriptor {
  readonly digest: string;
  readonly size: number;
}

export interface LayeredManifest {
  readonly config: Descriptor;
  /** From the lowest to the uppermost. */
  readonly layers: readonly Descriptor[];
}

/** What a manifest is: an index names the digest to go on with, for linux/amd64. */
export function readManifest(text: string, mediaType: string, what: string): LayeredManifest | Descriptor {
  const json = parseDocument(text, what);
  const type = (json as { mediaType?: unknown }).mediaType ?? mediaType;
  if (INDEXES.includes(String(type)) || 'manifests' in json)
    return choose(checkDocument(indexSchema, json, what), what);
  if (!MANIFESTS.includes(String(type)) && !('layers' in json && 'config' in json)) {
    throw new NookError('bad_request', `${what} is of a kind that nook does not take (${String(type).slice(0, 80)}).`, {
      hint: "Have it pushed as an OCI image, or as one of docker's schema 2.",
    });
  }
  const { config, layers } = checkDocument(manifestSchema, json, what);
  for (const layer of layers) {
    if (isTarLayer(layer.mediaType)) continue;
    throw new NookError('bad_request', `${what} has a layer that is no tar (${layer.mediaType.slice(0, 80)}).`, {
      hint: 'It is no image to boot; encrypted layers are not taken either.',
    });
  }
  return { config, layers };
}

function choose({ manifests }: z.output<typeof indexSchema>, what: string): Descriptor {
  const ours = manifests.filter((one) => one.platform?.os === 'linux' && one.platform.architecture === 'amd64');
  const chosen =
    ours.sort((one, other) => levelOf(one) - levelOf(other))[0] ??
    (manifests.length === 1 && !manifests[0]?.platform ? manifests[0] : undefined);
  if (chosen !== undefined) return chosen;
  const there = manifests.flatMap((one) => (one.platform ? `${one.platform.os}/${one.platform.architecture}` : []));
  throw new NookError('not_found', `${what} is not there for linux/amd64.`, {
    hint: `It is there for: ${[...new Set(there)].join(', ').slice(0, 300) || 'nothing'}.`,
  });
}

/** Of x86-64, what the image wants of the CPU: any has 1, which is what no variant means. The one that wants least runs anywhere. */
function levelOf({ platform }: z.output<typeof indexSchema>['manifests'][number]): number {
  const { variant } = platform ?? {};
  if (!variant) return 1;
  return Number(/^v([1-9])$/.exec(variant)?.[1] ?? Number.MAX_SAFE_INTEGER);
}

export interface ImageDescription {
  readonly diffIds: readonly string[];
  readonly config: ImageConfig;
}

export function readConfig(text: string, what: string): ImageDescription {
  const { architecture, os, rootfs, config } = checkDocument(configSchema, text, what);
  if ((os ?? 'linux') !== 'linux' || (architecture ?? 'amd64') !== 'amd64') {
    throw new NookError('bad_request', `${what} is for ${os}/${architecture}; VMs here are linux/amd64.`);
  }
  return {
    diffIds: rootfs.diff_ids,
    config: {
      env: config?.Env ?? [],
      cmd: config?.Cmd ?? [],
      entrypoint: config?.Entrypoint ?? [],
      workdir: config?.WorkingDir || null,
      user: config?.User || null,
      stopSignal: config?.StopSignal || null,
      ports: Object.keys(config?.ExposedPorts ?? {}),
    },
  };
}
