import { chmod, cp, mkdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { bundle } from '../build/bundle.ts';
import { commitOf } from '../build/commit.ts';
import { programs } from '../build/programs.ts';

const LAUNCHER = `#!/bin/sh
self=$(readlink -f -- "$0")
root=\${self%/bin/nook}
# The programs of file systems live in sbin, which an ordinary user's PATH often lacks.
case :$PATH: in
  *:/usr/sbin:*) ;;
  *) PATH=$PATH:/usr/sbin:/sbin ;;
esac
exec "$root/bin/node" "$root/dist/nook.mjs" "$@"
`;

/** Packages with machine code → what depends on them. */
const NATIVE = {
  'better-sqlite3': 'packages/engine',
  koffi: 'packages/engine',
  '@koromix/koffi-linux-x64': 'koffi',
} as const;
/** Sources, documentation, and machine code for other machines. */
const LEFT_OUT =
  /\/(?:vendor|doc|deps|binding\.gyp|prebuilds\/(?!linux-x64\.).*|musl_x64|[^/]+\.(?:md|cc?|hh?|[ch]pp|asm|S|inc|d\.ts))$/;

/** How a bundle names a package of the workspace on whose behalf it asks for machine code. */
const DEPENDENT = /"\.\.\/packages\/([\w-]+)\/package\.json"/g;

interface Stage {
  /** The checkout. */
  readonly root: string;
  /** Gets the folder that `nook` runs from, wherever that will be. */
  readonly to: string;
  readonly version: string;
}

/** All that nook is made of, with its own Node.js: bundles, machine code, the guest's init. */
export async function stage({ root, to, version }: Stage): Promise<void> {
  const buildInfo = { version, commit: await commitOf(root), build_time: new Date().toISOString() };
  await mkdir(join(to, 'dist/guest'), { recursive: true });
  const dependents = new Set<string>();
  for (const program of await programs(root)) {
    for (const [name, data] of await bundle(program, { root, out: join(root, 'dist'), buildInfo })) {
      if (name.endsWith('.map')) continue;
      const text = withoutMap(data);
      for (const [, dependent = ''] of text.matchAll(DEPENDENT)) dependents.add(dependent);
      await writeFile(join(to, 'dist', name), text);
    }
  }
  await cp(join(root, 'dist/guest/nook-init'), join(to, 'dist/guest/nook-init'));
  await copyNative(root, to, dependents);
  await mkdir(join(to, 'bin'), { recursive: true });
  await cp(await realpath(join(root, '.nook/bin/node')), join(to, 'bin/node'));
  await writeFile(join(to, 'bin/nook'), LAUNCHER);
  await chmod(join(to, 'bin/nook'), 0o755);
}

function withoutMap(data: Uint8Array | string): string {
  return Buffer.from(data)
    .toString('utf8')
    .replace(/\n\/\/# sourceMappingURL=.*\n?$/, '\n');
}

/** Bundles ask for them on behalf of packages of the workspace: their manifests are what is left of those. */
async function copyNative(root: string, to: string, dependents: ReadonlySet<string>): Promise<void> {
  for (const name of dependents) {
    await mkdir(join(to, 'packages', name), { recursive: true });
    await writeFile(join(to, 'packages', name, 'package.json'), '{"type":"module"}\n');
  }
  for (const [name, dependent] of Object.entries(NATIVE)) {
    const from = await packageFolder(root, name, dependent);
    const filter = (path: string) => !LEFT_OUT.test(path.slice(from.length));
    await cp(from, join(to, 'node_modules', name), { recursive: true, dereference: true, filter });
  }
}

async function packageFolder(root: string, name: string, of: string): Promise<string> {
  if (!of.includes('/')) {
    // pnpm puts what a package depends on beside it.
    return realpath(join(dirname(await packageFolder(root, of, 'packages/engine')), name));
  }
  const folder = join(root, of, 'node_modules', name);
  await readFile(join(folder, 'package.json'));
  return realpath(folder);
}
