import { mkdir, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Logger } from '@nook/daemonapi';
import { writeFileAtomic } from '@nook/wire';
import { bytesOf, describeFiles, TEMPLATE_FILES, type TemplateManifest, whatChanged } from './template-files.ts';
import { type TemplateInputs, templateKey } from './template-key.ts';

/** A saved machine that new VMs begin as. Absolute paths. */
export interface Template {
  readonly key: string;
  readonly dir: string;
  readonly manifest: TemplateManifest;
  readonly memory: string;
  readonly state: string;
  readonly disk: string;
}

export interface StoredTemplate {
  readonly key: string;
  readonly manifest: TemplateManifest;
  readonly bytes: number;
  /** Milliseconds since the epoch. */
  readonly used_at: number;
}

interface Bounds {
  readonly count: number;
  readonly bytes: number;
}

/** The templates of this home, one folder each. Removing one unlinks its files: machines that map them go on. */
export class TemplateStore {
  readonly #dir: string;
  readonly #log: Logger;
  readonly #clock: Clock;

  constructor(dir: string, { log, clock }: { log: Logger; clock: Clock }) {
    this.#dir = dir;
    this.#log = log;
    this.#clock = clock;
  }

  /** The template of these inputs, once its files have proven to be what was saved; one that changed is thrown away. */
  async find(inputs: TemplateInputs): Promise<Template | undefined> {
    const key = templateKey(inputs);
    const dir = join(this.#dir, key);
    const manifest = await readManifest(dir);
    if (!manifest) return undefined;
    const changed = await whatChanged(dir, manifest);
    if (changed !== undefined) {
      await this.discard(key, changed);
      return undefined;
    }
    await this.#markUsed(dir);
    const path = (name: keyof typeof TEMPLATE_FILES) => join(dir, TEMPLATE_FILES[name]);
    return { key, dir, manifest, memory: path('memory'), state: path('state'), disk: path('disk') };
  }

  async has(inputs: TemplateInputs): Promise<boolean> {
    return (await readManifest(join(this.#dir, templateKey(inputs)))) !== undefined;
  }

  /** An empty folder to make a template in. */
  async open(inputs: TemplateInputs): Promise<string> {
    const dir = join(this.#dir, `${templateKey(inputs)}.new`);
    await rm(dir, { recursive: true, force: true });
    await mkdir(dir, { recursive: true, mode: 0o700 });
    return dir;
  }

  /** Takes over a folder from {@link open} that holds all files but the manifest. */
  async publish(dir: string, about: { readonly inputs: TemplateInputs; readonly image_name: string }): Promise<void> {
    const manifest: TemplateManifest = {
      version: 1,
      ...about,
      created_at: this.#clock.now(),
      ...(await describeFiles(dir)),
    };
    await writeFileAtomic(join(dir, TEMPLATE_FILES.manifest), JSON.stringify(manifest));
    await this.#markUsed(dir);
    const final = join(this.#dir, templateKey(about.inputs));
    await rm(final, { recursive: true, force: true });
    await rename(dir, final);
  }

  /** Throws away what was made for the same shape from what is no longer so, e.g. by an older QEMU. */
  async dropStale(key: string): Promise<void> {
    const all = await this.list();
    const current = all.find((template) => template.key === key);
    if (!current) return;
    for (const template of all) {
      if (template.key !== key && shapeOf(template) === shapeOf(current))
        await this.discard(template.key, 'it is stale');
    }
  }

  async discard(key: string, why: string): Promise<void> {
    this.#log.warn({ template: key, why }, 'template thrown away');
    await rm(join(this.#dir, key), { recursive: true, force: true });
  }

  /** The latest used first. */
  async list(): Promise<StoredTemplate[]> {
    const found: StoredTemplate[] = [];
    for (const key of await readdir(this.#dir).catch(() => [])) {
      const dir = join(this.#dir, key);
      const manifest = key.endsWith('.new') ? undefined : await readManifest(dir);
      if (!manifest) continue;
      const { mtimeMs } = await stat(join(dir, TEMPLATE_FILES.manifest));
      found.push({ key, manifest, bytes: await bytesOf(dir), used_at: Math.round(mtimeMs) });
    }
    return found.sort((a, b) => b.used_at - a.used_at);
  }

  /** Removes those used longest ago until the rest fits. */
  async trim(bounds: Bounds): Promise<void> {
    let count = 0;
    let bytes = 0;
    for (const template of await this.list()) {
      count++;
      bytes += template.bytes;
      if (count > bounds.count || bytes > bounds.bytes) await this.discard(template.key, 'others were used since');
    }
  }

  /** Folders of builds that a daemon's end cut off. */
  async sweep(): Promise<void> {
    for (const name of await readdir(this.#dir).catch(() => [])) {
      const dir = join(this.#dir, name);
      if (name.endsWith('.new') || !(await readManifest(dir))) await rm(dir, { recursive: true, force: true });
    }
  }

  async #markUsed(dir: string): Promise<void> {
    const now = new Date(this.#clock.now());
    await utimes(join(dir, TEMPLATE_FILES.manifest), now, now);
  }
}

function shapeOf({ manifest: { inputs, image_name } }: StoredTemplate): string {
  const { driver, vcpus, memory_bytes, disk_bytes } = inputs;
  return JSON.stringify([image_name, driver, vcpus, memory_bytes, disk_bytes]);
}

async function readManifest(dir: string): Promise<TemplateManifest | undefined> {
  try {
    const manifest = JSON.parse(await readFile(join(dir, TEMPLATE_FILES.manifest), 'utf8')) as TemplateManifest;
    return manifest.version === 1 ? manifest : undefined;
  } catch {
    return undefined;
  }
}
