import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { NookError } from '@nook/daemonapi';
import { desiredState } from '@nook/netstate';
import { writeFileAtomic } from '@nook/wire';
import { z } from 'zod';
import { routingSchema } from '../verbs.ts';
import { readOwnFile } from './own-files.ts';

/** Written once by root: whom the helper serves, and what that user may have it do. */
const installRecord = z.strictObject({
  version: z.literal(1),
  owner_uid: z.int().min(0).max(4_294_967_294),
  /** Ports below 1024 may be published. */
  low_ports: z.boolean().default(false),
  /** The owner's systemd stays without a session since the installation. */
  lingering: z.boolean().default(false),
});

/** All that the helper must know after it was killed. */
const keptState = z.strictObject({
  version: z.literal(1).default(1),
  desired: desiredState.prefault({}),
  names: z.array(routingSchema).default([]),
  scopes: z.array(z.string()).default([]),
  /** Settings of the host as they were before the helper changed them. */
  sysctls_before: z.record(z.string().regex(/^ipv[46](?:\/(?!\.\.?(?:\/|$))[^/]+)+$/), z.string().max(32)).default({}),
});

export type InstallRecord = z.output<typeof installRecord>;
export type KeptState = z.output<typeof keptState>;

/** The helper's files in its state directory. */
export class Kept {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** @throws NookError `unavailable` when the helper was not installed here */
  async record(): Promise<InstallRecord> {
    const found = await this.#read('install.json', installRecord);
    if (found !== undefined) return found;
    throw new NookError('unavailable', `'${this.#dir}' has no record of whom the helper serves.`, {
      hint: 'Write install.json there, as the user guide says.',
    });
  }

  async state(): Promise<KeptState> {
    return (await this.#read('state.json', keptState)) ?? keptState.parse({});
  }

  async keep(state: KeptState): Promise<void> {
    await writeFileAtomic(join(this.#dir, 'state.json'), JSON.stringify(state));
  }

  async forget(): Promise<void> {
    await rm(this.#dir, { recursive: true, force: true });
  }

  async #read<T>(name: string, schema: z.ZodType<T>): Promise<T | undefined> {
    const path = join(this.#dir, name);
    const text = await readOwnFile(path);
    if (text === undefined) return undefined;
    try {
      return schema.parse(JSON.parse(text));
    } catch (cause) {
      throw new NookError('unavailable', `'${path}' cannot be read: ${(cause as Error).message}`, {
        hint: 'Networks made before stay as they are until it is repaired or removed.',
        cause,
      });
    }
  }
}
