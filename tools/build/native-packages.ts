import { findPackageJSON } from 'node:module';
import { dirname, relative } from 'node:path';
import type { Plugin } from 'esbuild';

/** Packages with machine code beside their JavaScript: they cannot be bundled and are loaded from where they are installed. */
const NATIVE = ['better-sqlite3', 'koffi'];

/**
 * pnpm shows a package only to those that depend on it, so a bare import in dist/ would find nothing. Each native
 * package is therefore required on behalf of the workspace package that imports it.
 */
export function nativePackages(): Plugin {
  return {
    name: 'native-packages',
    setup(build) {
      const root = build.initialOptions.absWorkingDir ?? process.cwd();
      build.onResolve({ filter: new RegExp(`^(${NATIVE.join('|')})$`) }, ({ path, importer }) => ({
        path,
        namespace: 'native-package',
        pluginData: { dependent: findPackageJSON('..', importer) },
      }));
      build.onLoad({ filter: /.*/, namespace: 'native-package' }, ({ path, pluginData }) => {
        const dependent = relative(root, pluginData.dependent);
        return {
          resolveDir: dirname(pluginData.dependent),
          // From a file in dist/; `require` is the banner's.
          contents: `module.exports = require('node:module').createRequire(require.resolve(${JSON.stringify(
            `../${dependent}`,
          )}))(${JSON.stringify(path)});`,
        };
      });
    },
  };
}
