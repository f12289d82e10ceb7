import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type FileIdentity, hashOf, identityOf } from '../file-identity.ts';
import type { TemplateInputs } from './template-key.ts';

/** File names in a template's folder. */
export const TEMPLATE_FILES = {
  manifest: 'template.json',
  memory: 'memory',
  state: 'state',
  disk: 'disk.qcow2',
} as const;

/** How the folder of a machine begins that is booted to become a template: it has no record, and ends with its daemon. */
export const TEMPLATE_FOLDER = 'template-';

/** `template.json`, written last: a folder without it is no template. */
export interface TemplateManifest {
  readonly version: 1;
  readonly inputs: TemplateInputs;
  readonly image_name: string;
  /** Milliseconds since the epoch. */
  readonly created_at: number;
  readonly memory: FileIdentity & { readonly ctime_ns: string };
  /** SHA-256 of the files that are read whole, in hexadecimal. */
  readonly state: string;
  readonly disk: string;
}

export async function describeFiles(dir: string): Promise<Pick<TemplateManifest, 'memory' | 'state' | 'disk'>> {
  const path = (name: keyof typeof TEMPLATE_FILES) => join(dir, TEMPLATE_FILES[name]);
  const [memory, state, disk] = await Promise.all([
    untouched(path('memory')),
    hashOf(path('state')),
    hashOf(path('disk')),
  ]);
  return { memory, state, disk };
}

/** Why the files are not those of the manifest; undefined when they are. */
export async function whatChanged(dir: string, manifest: TemplateManifest): Promise<string | undefined> {
  try {
    const found = await describeFiles(dir);
    for (const key of Object.keys(found.memory) as (keyof typeof found.memory)[]) {
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

async function untouched(path: string): Promise<TemplateManifest['memory']> {
  const { ctimeNs } = await stat(path, { bigint: true });
  return { ...(await identityOf(path)), ctime_ns: String(ctimeNs) };
}
