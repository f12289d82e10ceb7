import { createHash } from 'node:crypto';

/** Names of files with their contents. */
export type Files = Record<string, string | Buffer>;

const MEDIA = 'application/vnd.oci.image';

export function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

function blob(files: Files, mediaType: string, content: string | Buffer) {
  const hex = sha256(content);
  files[`blobs/sha256/${hex}`] = content;
  return { mediaType, digest: `sha256:${hex}`, size: Buffer.from(content).length };
}

/** The files of an OCI layout with one image of plain layers, which its index calls `ref`. */
export function layoutFiles(layers: readonly Buffer[], ref = 'v1'): Files {
  const files: Files = { 'oci-layout': '{"imageLayoutVersion":"1.0.0"}' };
  const rootfs = { type: 'layers', diff_ids: layers.map((layer) => `sha256:${sha256(layer)}`) };
  const config = { architecture: 'amd64', os: 'linux', rootfs, config: { Env: [`REF=${ref}`] } };
  const manifest = {
    schemaVersion: 2,
    config: blob(files, `${MEDIA}.config.v1+json`, JSON.stringify(config)),
    layers: layers.map((layer) => blob(files, `${MEDIA}.layer.v1.tar`, layer)),
  };
  const annotations = { 'org.opencontainers.image.ref.name': ref };
  const manifests = [{ ...blob(files, `${MEDIA}.manifest.v1+json`, JSON.stringify(manifest)), annotations }];
  files['index.json'] = JSON.stringify({ schemaVersion: 2, manifests });
  return files;
}

/** The files of an archive as `docker save` wrote it before it knew layouts. */
export function dockerFiles(layers: readonly Buffer[], tags: readonly string[] | null = ['some/thing:v1']): Files {
  const diffIds = layers.map((layer) => sha256(layer));
  const rootfs = { type: 'layers', diff_ids: diffIds.map((hex) => `sha256:${hex}`) };
  const config = JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs, config: { Env: ['A=1'] } });
  const files: Files = {};
  for (const [index, layer] of layers.entries()) files[`${diffIds[index]}/layer.tar`] = layer;
  files[`${sha256(config)}.json`] = config;
  const image = { Config: `${sha256(config)}.json`, RepoTags: tags, Layers: diffIds.map((hex) => `${hex}/layer.tar`) };
  files['manifest.json'] = JSON.stringify([image]);
  return files;
}
