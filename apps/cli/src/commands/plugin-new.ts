import { relative, resolve } from 'node:path';
import type { CliCommand } from '@nook/daemonapi';
import { buildInfo } from '@nook/wire';
import { UsageError } from '../program/usage-error.ts';

const NAME = /^[a-z][a-z0-9-]{0,39}$/;
/** Names that mean something else to a daemon, and the plugins that come with it. */
const TAKEN = ['daemon', 'engine', 'nook', 'images', 'network', 'roothelper', 'vm', 'workspace'];

export const pluginNew: CliCommand = {
  name: 'plugin new',
  summary: 'Write the package of a new plugin: with a method, a capability, a doctor check, a command, tests',
  positionals: [{ name: 'name', required: true, help: 'lower-case letters, digits and dashes' }],
  options: {
    dir: { value: 'DIR', help: 'the folder to write, ./NAME when absent' },
    packages: {
      value: 'DIR',
      help: 'a folder with tarballs of the packages of nook; packed from the checkout when absent',
    },
  },
  examples: ['nook plugin new hello', 'nook plugin new hello --dir ~/src/nook-hello'],
  async run({ positionals, options, context }) {
    const name = positionals.name as string;
    if (!NAME.test(name)) {
      throw new UsageError(
        `'${name}' cannot be the name of a plugin.`,
        'Use up to 40 lower-case letters, digits and dashes.',
      );
    }
    if (TAKEN.includes(name)) throw new UsageError(`The name '${name}' is taken.`, 'Choose another one.');
    const dir = resolve((options.dir as string | undefined) ?? name);
    // Loaded here, since every other command starts without them.
    const [{ templateFiles }, { renderTemplate }, { writePackage }] = await Promise.all([
      import('../plugin-template/template-files.ts'),
      import('../plugin-template/render-template.ts'),
      import('../plugin-template/write-package.ts'),
    ]);
    const packages = await nookPackages(options.packages as string | undefined);
    const files = renderTemplate(await templateFiles(), { name, packages });
    await writePackage(dir, files);
    if (context.json) {
      context.out.json({ name, dir, files: [...files.keys()] });
      return;
    }
    context.out.line(`wrote ${files.size} files to '${dir}'`);
    context.out.note(`next: cd ${nearest(dir)} && npm install && npm run check`);

    async function nookPackages(folder: string | undefined) {
      const { packedPackages, registryPackages } = await import('../plugin-template/nook-packages.ts');
      if (folder !== undefined) return packedPackages(folder);
      const { checkoutRoot, packCheckout } = await import('../plugin-template/checkout-packages.ts');
      const root = checkoutRoot();
      if (root === undefined) return registryPackages(buildInfo.version);
      using progress = context.progress();
      progress.update({ stage: 'pack the packages of the checkout' });
      return packedPackages(await packCheckout(root, context.signal));
    }
  },
};

/** Relative where that is the shorter name. */
function nearest(dir: string): string {
  const path = relative(process.cwd(), dir);
  return path === '' || path.startsWith('..') ? dir : path;
}
