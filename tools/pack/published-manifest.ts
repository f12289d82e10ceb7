import type { Manifest } from './workspace-package.ts';

/** Package → the program that it installs; its entry is `./main`. */
const PROGRAMS: Readonly<Record<string, string>> = { '@nook/cli': 'nook', '@nook/daemon': 'nookd' };

/** The package.json of an installed package: exports are what was compiled, workspace packages are versions. */
export function publishedManifest(
  { private: _private, devDependencies: _dev, exports = {}, dependencies = {}, ...manifest }: Manifest,
  versions: ReadonlyMap<string, string>,
): Record<string, unknown> {
  const program = PROGRAMS[manifest.name];
  return {
    ...manifest,
    engines: { node: '>=24' },
    files: ['dist', 'templates'],
    exports: {
      ...Object.fromEntries(Object.entries(exports).map(([entry, source]) => [entry, compiled(source)])),
      './package.json': './package.json',
    },
    ...(program === undefined ? {} : { bin: { [program]: './dist/bin.js' } }),
    dependencies: Object.fromEntries(
      Object.entries(dependencies).map(([name, range]) => [
        name,
        range.startsWith('workspace:') ? (versions.get(name) ?? missing(name)) : range,
      ]),
    ),
  };
}

function compiled(source: string): Record<string, string> {
  const path = source.replace(/^\.\/src\//, './dist/').replace(/\.ts$/, '');
  return { types: `${path}.d.ts`, default: `${path}.js` };
}

function missing(name: string): never {
  throw new Error(`${name} is not a package of this workspace`);
}
