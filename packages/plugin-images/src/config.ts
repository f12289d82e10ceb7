import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { parseByteSize } from './byte-size.ts';
import { hasUserinfo } from './userinfo.ts';

const MIB = 2 ** 20;

function size(bounds: { readonly min: number; readonly max: number }) {
  return z.union([z.string(), z.number()]).transform((value, context) => {
    const bytes = parseByteSize(String(value));
    if (bytes === undefined || bytes < bounds.min || bytes > bounds.max) {
      const range = `${bounds.min / MIB} MiB to ${bounds.max / 2 ** 40} TiB`;
      context.addIssue({ code: 'custom', message: `must be a size such as "10GiB", from ${range}` });
      return z.NEVER;
    }
    return bytes;
  });
}

const absolutePath = z.string().refine(isAbsolute, 'must be an absolute path');

/** One with a user name and password would be shown with them: in records, arguments, and the images that are made. */
function webUrl(what = '') {
  return z
    .url({ protocol: /^https?$/, error: `must be an http or https URL${what}` })
    .refine((url) => !hasUserinfo(url), {
      error:
        'must be without a user name and password: those for registries are in ~/.docker/config.json, those for apt in /etc/apt/auth.conf',
    });
}

/** `[images]` of config.toml. */
export const configSchema = z.strictObject({
  /** Image that is meant when none is given. */
  default: z.string().min(1).default('debian-12'),
  /** Base URL of a Debian archive, in place of the one that the host's apt uses. */
  mirror: webUrl(' of a Debian archive').optional(),
  /** Debian release that kernels and busybox are taken from. */
  suite: z
    .string()
    .regex(/^[a-z][a-z0-9-]*$/, 'must be the code name of a Debian release')
    .default('bookworm'),
  /** Key ring that the archive's index is checked with. */
  keyring: absolutePath.optional(),
  /** Where Ubuntu comes from, in place of the host's apt. */
  ubuntu: z
    .strictObject({
      mirror: webUrl(' of an Ubuntu archive').optional(),
      keyring: absolutePath.optional(),
    })
    .default({}),
  /** Virtual size of the disks that are built. */
  size: size({ min: 16 * MIB, max: 2 ** 44 }).default(10 * 2 ** 30),
  /** Most that the files of an imported archive may add up to. */
  max_import_bytes: size({ min: MIB, max: 2 ** 44 }).default(20 * 2 ** 30),
  /** How registries are reached, by their host names with ports. */
  registries: z
    .record(
      z.string(),
      z.strictObject({
        mirrors: z.array(webUrl()).default([]),
        insecure: z.boolean().optional(),
      }),
    )
    .default({}),
  /** The user's own catalog of images; `catalog.toml` beside config.toml when absent. */
  catalog: absolutePath.optional(),
  /** Where the store is. Acted on by the engine, which makes the directory before this plugin runs. */
  store: z.string().optional(),
});

export type ImagesConfig = z.output<typeof configSchema>;
