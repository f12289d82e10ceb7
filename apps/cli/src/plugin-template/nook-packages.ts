import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { NookError } from '@nook/daemonapi';
import type { NookPackages } from './render-template.ts';

/** What the template names. */
const DIRECT = ['@nook/daemonapi', '@nook/testkit'];
/** What those name. */
const INDIRECT = ['@nook/client', '@nook/engine', '@nook/wire'];

/** Of the registry, of this version or one that is compatible with it. */
export function registryPackages(version: string): NookPackages {
  return { specifiers: Object.fromEntries(DIRECT.map((name) => [name, `^${version}`])), overrides: {} };
}

/** Tarballs in a folder, as `npm run pack` makes them. @throws NookError `not_found` when one is missing */
export async function packedPackages(folder: string): Promise<NookPackages> {
  const dir = resolve(folder);
  const files = await readdir(dir).catch(() => []);
  const specifier = (name: string) => {
    const prefix = `${name.slice(1).replace('/', '-')}-`;
    const file = files.find(
      (candidate) => candidate.startsWith(prefix) && /^\d[^/]*\.tgz$/.test(candidate.slice(prefix.length)),
    );
    if (file !== undefined) return [name, `file:${join(dir, file)}`] as const;
    throw new NookError('not_found', `There is no tarball of ${name} in '${dir}'.`, {
      hint: `Make them in a checkout of nook: npm run pack -- '${dir}'`,
    });
  };
  return {
    specifiers: Object.fromEntries(DIRECT.map(specifier)),
    overrides: Object.fromEntries(INDIRECT.map(specifier)),
  };
}
