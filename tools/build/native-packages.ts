import { findPackageJSON } from 'node:module';
import { dirname, relative } from 'node:path';
import type { Plugin } from 'esbuild';

/** Packages with machine code beside their JavaScript: they cannot be bundled and are loaded from where they are installed. */
const NATIVE = ['better-sqlite3', 'koffi'];

/**
 * pnpm shows a package only to those that depend on it, so a bare import in dist/ would find nothing. Each native
 * package is therefore required on behalf of the package that imports it.
 * @param out absolute path of the folder that the bundle is for
 */
export function nativePackages(out: string): Plugin {
  return {
    name: 'native-packages',
    setup(build) {
      build.onResolve({ filter: new RegExp(`^(${NATIVE.join('|')})$`) }, ({ path, importer }) => ({
        path,
        namespace: 'native-package',
        pluginData: { dependent: findPackageJSON('..', importer) },
      }));
      build.onLoad({ filter: /.*/, namespace: 'native-package' }, ({ path, pluginData }) => {
        const dependent = relative(out, pluginData.dependent);
        return {
          resolveDir: dirname(pluginData.dependent),
          // `require` is the banner's.
          contents: `module.exports = require('node:module').createRequire(require.resolve(${JSON.stringify(
            dependent.startsWith('.') ? dependent : `./${dependent}`,
          )}))(${JSON.stringify(path)});`,
        };
      });
    },
  };
}
