import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { TemplateInputs } from './template-key.ts';

/** File names in a template's folder. */
export const TEMPLATE_FILES = {
  manifest: 'template.json',
  memory: 'memory',
  state: 'state',
  disk: 'disk.qcow2',
} as const;

/** `template.json`, written last: a folder without it is no template. */
export interface TemplateManifest {
  readonly version: 1;
  readonly inputs: TemplateInputs;
  readonly image_name: string;
  /** Milliseconds since the epoch. */
  readonly created_at: number;
  readonly memory: FileIdentity;
  /** SHA-256 of the files that are read whole, in hexadecimal. */
  readonly state: string;
  readonly disk: string;
}

/** Tells a file that nobody has touched; cheap for a large one. */
interface FileIdentity {
  readonly inode: string;
  readonly size: string;
  readonly mtime_ns: string;
  readonly ctime_ns: string;
}

export async function describeFiles(dir: string): Promise<Pick<TemplateManifest, 'memory' | 'state' | 'disk'>> {
  const path = (name: keyof typeof TEMPLATE_FILES) => join(dir, TEMPLATE_FILES[name]);
  const [memory, state, disk] = await Promise.all([
    identityOf(path('memory')),
    hash(path('state')),
    hash(path('disk')),
  ]);
  return { memory, state, disk };
}

/** Why the files are not those of the manifest; undefined when they are. */
export async function whatChanged(dir: string, manifest: TemplateManifest): Promise<string | undefined> {
  try {
    const found = await describeFiles(dir);
    for (const key of Object.keys(found.memory) as (keyof FileIdentity)[]) {
      if (found.memory[key] !== manifest.memory[key]) return `its memory's ${key} changed`;
    }
    if (found.state !== manifest.state) return 'its state changed';
    return found.disk === manifest.disk ? undefined : 'its disk changed';
  } catch (error) {
    return (error as Error).message;
  }
}

/** Bytes on the host's disk. */
export async function bytesOf(dir: string): Promise<number> {
  const names = Object.values(TEMPLATE_FILES);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(dir, name)).then(
        ({ blocks }) => blocks * 512,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function identityOf(path: string): Promise<FileIdentity> {
  const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  return { inode: String(ino), size: String(size), mtime_ns: String(mtimeNs), ctime_ns: String(ctimeNs) };
}

async function hash(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}
