import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestRegistry } from '../../../packages/plugin-images/src/testing/registry.ts';
import { buildTar } from '../../../packages/testkit/src/tar-builder.ts';
import type { Lab } from '../../lab.ts';

const MEDIA = 'application/vnd.oci.image';
const MIB = 2 ** 20;

export interface Images {
  /** A whole Debian in one layer. */
  readonly whole: string;
  /** The same and 1 MiB more, in a second layer. */
  readonly more: string;
  /** Only that 1 MiB. */
  readonly tiny: string;
}

export const program = promisify(execFile);

/** Made and pushed by the tools that people make images with. */
export async function pushImages(lab: Lab, registry: TestRegistry, directory: string): Promise<Images> {
  const at = (name: string) => join(directory, name);
  await mkdir(at('added/opt'), { recursive: true });
  await writeFile(at('added/opt/added'), randomBytes(MIB));
  await program('umoci', ['init', '--layout', at('layout')]);
  await unpackDebian(lab, at);
  const insert = async (name: keyof Images, folder: string, from?: keyof Images) => {
    const image = `${at('layout')}:${name}`;
    if (from === undefined) await program('umoci', ['new', '--image', image]);
    else await program('umoci', ['tag', '--image', `${at('layout')}:${from}`, name]);
    await program('umoci', ['insert', '--image', image, at(folder), '/']);
    const reference = `${registry.host}/bench/${name}:v1`;
    await push(`oci:${image}`, reference);
    return reference;
  };
  const images = {
    whole: await insert('whole', 'root'),
    more: await insert('more', 'added', 'whole'),
    tiny: await insert('tiny', 'added'),
  };
  for (const name of ['layout', 'root', 'added']) await rm(at(name), { recursive: true });
  return images;
}

/** The default image without what images of containers leave out. */
async function unpackDebian(lab: Lab, at: (name: string) => string): Promise<void> {
  await mkdir(at('root'));
  await lab.home.ok('image', 'export', 'debian-12', '--format', 'tar', '-o', at('root.tar'));
  const without = ['doc', 'locale', 'man'].map((name) => `--exclude=*usr/share/${name}/*`);
  await program('tar', ['-C', at('root'), '-xpf', at('root.tar'), ...without]);
  await rm(at('root.tar'));
}

async function push(from: string, to: string, ...more: readonly string[]): Promise<void> {
  await program('skopeo', ['copy', '-q', '--dest-tls-verify=false', ...more, from, `docker://${to}`]);
}

/** An image of one layer, not packed, with one file that cannot be packed either. */
export async function pushHeavy(registry: TestRegistry, directory: string, bytes: number): Promise<string> {
  const layout = join(directory, 'heavy');
  const blobs = join(layout, 'blobs/sha256');
  await mkdir(blobs, { recursive: true });
  const layer = await heavyLayer(blobs, bytes);
  const rootfs = { type: 'layers', diff_ids: [layer.digest] };
  const config = await document(blobs, { architecture: 'amd64', os: 'linux', rootfs, config: {} }, 'config.v1+json');
  const layers = [{ mediaType: `${MEDIA}.layer.v1.tar`, ...layer }];
  const manifest = await document(blobs, { schemaVersion: 2, config, layers }, 'manifest.v1+json');
  await writeFile(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [manifest] }));
  const reference = `${registry.host}/bench/heavy:v1`;
  await push(`oci:${layout}`, reference, '--preserve-digests');
  await rm(layout, { recursive: true });
  return reference;
}

async function document(blobs: string, content: object, type: string) {
  const text = JSON.stringify(content);
  const hex = createHash('sha256').update(text).digest('hex');
  await writeFile(join(blobs, hex), text);
  return { mediaType: `${MEDIA}.${type}`, digest: `sha256:${hex}`, size: text.length };
}

async function heavyLayer(blobs: string, bytes: number): Promise<{ digest: string; size: number }> {
  const path = join(blobs, 'making');
  const hash = createHash('sha256');
  let size = 0;
  {
    await using file = await open(path, 'wx');
    const write = async (piece: Uint8Array) => {
      hash.update(piece);
      size += piece.length;
      await file.writeFile(piece);
    };
    await write(buildTar([{ name: 'heavy', size: bytes }], Buffer.alloc(0)));
    const piece = randomBytes(MIB);
    for (let at = 0; at < bytes; at += MIB) {
      piece.writeBigUInt64LE(BigInt(at));
      await write(piece);
    }
    await write(Buffer.alloc(1024));
  }
  const hex = hash.digest('hex');
  await rename(path, join(blobs, hex));
  return { digest: `sha256:${hex}`, size };
}
