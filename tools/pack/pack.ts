import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { compile } from './compile.ts';
import { publishedManifest } from './published-manifest.ts';
import { type WorkspacePackage, workspacePackages } from './workspace-package.ts';

const PARALLEL = 2;

/**
 * Makes an installable tarball of every package of the workspace.
 * @param out folder that then holds nothing else
 * @returns their paths
 */
export async function pack(root: string, out: string): Promise<string[]> {
  const packages = await workspacePackages(root);
  const versions = new Map(packages.map(({ manifest }) => [manifest.name, manifest.version]));
  const stage = join(out, '.stage');
  await rm(out, { recursive: true, force: true });
  const staged: string[] = [];
  const waiting = [...packages];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const dir = join(stage, next.manifest.name.replace('/', '-'));
      await stagePackage(root, next, { dir, versions });
      staged.push(dir);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', out, ...staged.sort()];
  const { stdout } = await promisify(execFile)('npm', args, { cwd: out, maxBuffer: 2 ** 26 });
  await rm(stage, { recursive: true });
  return (JSON.parse(stdout) as { filename: string }[]).map(({ filename }) => join(out, filename));
}

async function stagePackage(
  root: string,
  { dir: from, manifest }: WorkspacePackage,
  { dir, versions }: { readonly dir: string; readonly versions: ReadonlyMap<string, string> },
): Promise<void> {
  await mkdir(dir, { recursive: true });
  await compile(root, { from, to: dir });
  const published = publishedManifest(manifest, versions);
  await writeFile(join(dir, 'package.json'), `${JSON.stringify(published, null, 2)}\n`);
  for (const [source, target] of [
    [join(root, 'LICENSE'), 'LICENSE'],
    [join(from, 'README.md'), 'README.md'],
    [join(from, 'templates'), 'templates'],
    ...(manifest.name === '@nook/guest' ? [[join(root, 'dist/guest/nook-init'), 'dist/guest/nook-init'] as const] : []),
  ] as const) {
    if (existsSync(source)) await cp(source, join(dir, target), { recursive: true });
  }
  if ('bin' in published) {
    await writeFile(join(dir, 'dist/bin.js'), "#!/usr/bin/env node\nimport './main.js';\n");
    await chmod(join(dir, 'dist/bin.js'), 0o755);
  }
}
