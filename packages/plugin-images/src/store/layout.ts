import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

export type Kind = 'images' | 'kernels';

/**
 * Where things are in a store. Several homes may share one, so all that is true about it is in its files:
 *
 *     KIND/HEX/…            content, immutable; HEX is the digest without `sha256:`
 *     KIND/HEX/manifest.json
 *     names/KIND/NAME.json  what a name points at
 *     building/KEY.XXXXXX/  half-made things; theirs who holds locks/KEY
 *     blobs/HEX             layers as a registry sent them; HEX.partial while they come. Only to be quicker: may go at any time
 *     locks/KEY, locks/store, locks/blob-HEX
 */
export class StoreLayout {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  content(kind: Kind, digest: string): string {
    return join(this.root, kind, digest.replace(/^sha256:/, ''));
  }

  contents(kind: Kind): string {
    return join(this.root, kind);
  }

  names(kind: Kind): string {
    return join(this.root, 'names', kind);
  }

  name(kind: Kind, name: string): string {
    return join(this.names(kind), `${name}.json`);
  }

  get building(): string {
    return join(this.root, 'building');
  }

  get blobs(): string {
    return join(this.root, 'blobs');
  }

  get locks(): string {
    return join(this.root, 'locks');
  }

  lock(key: string): string {
    return join(this.root, 'locks', key);
  }

  async create(): Promise<void> {
    const directories = ['images', 'kernels', 'names/images', 'names/kernels', 'building', 'locks'];
    await Promise.all(directories.map((name) => mkdir(join(this.root, name), { recursive: true, mode: 0o700 })));
  }
}
