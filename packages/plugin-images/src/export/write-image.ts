import type { ImageConfig } from '@nook/daemonapi';
import { Ext4Reader } from '../ext4/reader.ts';
import { type BundleWriter, folderWriter, tarWriter } from './bundle-writer.ts';
import { configDocument, hexOf } from './image-documents.ts';
import { Sink } from './sink.ts';
import { writeRoot } from './write-root.ts';

export interface ExportRequest {
  /** The raw ext4 of an image. */
  readonly disk: string;
  readonly format: 'tar' | 'oci-layout' | 'docker-archive';
  /** A file that is not there yet, or a folder that is empty. */
  readonly output: string;
  readonly folder: boolean;
  readonly name: string;
  readonly config: ImageConfig;
  /** Milliseconds since the Unix epoch. */
  readonly created_at: number;
}

type Progress = (bytes: number) => void;
const OCI = 'application/vnd.oci.image';
/** Names that docker takes for a repository. */
const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;

/** Writes an image as files: its root file system alone, or a container image of one layer, with its configuration. */
export function writeImage(request: ExportRequest, progress: Progress): void {
  const disk = new Ext4Reader(request.disk);
  try {
    if (request.format === 'tar') writeTar(disk, request.output, progress);
    else writeBundle(disk, request, progress);
  } finally {
    disk.close();
  }
}

function writeTar(disk: Ext4Reader, output: string, progress: Progress): void {
  const sink = new Sink(output);
  try {
    writeRoot(disk, sink, progress);
    sink.finish();
  } finally {
    sink.close();
  }
}

function writeBundle(disk: Ext4Reader, request: ExportRequest, progress: Progress): void {
  using writer = request.folder ? folderWriter(request.output) : tarWriter(request.output);
  if (request.format === 'oci-layout') writeLayout(disk, writer, request, progress);
  else writeDockerArchive(disk, writer, request, progress);
  writer.finish();
}

function writeLayout(disk: Ext4Reader, writer: BundleWriter, request: ExportRequest, progress: Progress): void {
  const blob = (hex: string) => `blobs/sha256/${hex}`;
  const add = (mediaType: string, text: string) => {
    writer.add(blob(hexOf(text)), text);
    return { mediaType, digest: `sha256:${hexOf(text)}`, size: Buffer.byteLength(text) };
  };
  const layer = writer.addHashed(blob, (sink) => writeRoot(disk, sink, progress));
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: `${OCI}.manifest.v1+json`,
    config: add(`${OCI}.config.v1+json`, configOf(request, layer.hex)),
    layers: [{ mediaType: `${OCI}.layer.v1.tar`, digest: `sha256:${layer.hex}`, size: layer.size }],
  });
  const annotations = { 'org.opencontainers.image.ref.name': request.name };
  const platform = { architecture: 'amd64', os: 'linux' };
  const manifests = [{ ...add(`${OCI}.manifest.v1+json`, manifest), platform, annotations }];
  writer.add('index.json', JSON.stringify({ schemaVersion: 2, mediaType: `${OCI}.index.v1+json`, manifests }));
  writer.add('oci-layout', JSON.stringify({ imageLayoutVersion: '1.0.0' }));
}

function writeDockerArchive(disk: Ext4Reader, writer: BundleWriter, request: ExportRequest, progress: Progress): void {
  const tar = (hex: string) => `${hex}/layer.tar`;
  const layer = writer.addHashed(tar, (sink) => writeRoot(disk, sink, progress));
  const config = configOf(request, layer.hex);
  writer.add(`${hexOf(config)}.json`, config);
  const tags = REPOSITORY.test(request.name) ? [`${request.name}:latest`] : null;
  writer.add(
    'manifest.json',
    JSON.stringify([{ Config: `${hexOf(config)}.json`, RepoTags: tags, Layers: [tar(layer.hex)] }]),
  );
}

function configOf({ config, created_at: createdAt }: ExportRequest, diffId: string): string {
  return configDocument({ config, createdAt, diffId });
}
