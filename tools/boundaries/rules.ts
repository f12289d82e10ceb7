import type { Edge } from './edge.ts';

export interface Rule {
  readonly name: string;
  readonly reason: string;
  broken(edge: Edge): boolean;
  /** A file that breaks this rule: the test plants it, and a reader sees what is meant. */
  readonly violation: { readonly file: string; readonly source: string };
}

const isTest = ({ file }: Edge) => file.endsWith('.test.ts');
const isPlugin = (name: string | undefined) => name?.startsWith('plugin-') === true;
const inPlugin = ({ owner }: Edge) => owner.startsWith('packages/plugin-');
const ownName = ({ owner }: Edge) => owner.slice(owner.indexOf('/') + 1);
const isNode = ({ specifier }: Edge) => specifier.startsWith('node:');

/** Workspace packages that the lower layers may import. Layers not listed have rules of their own below. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  'packages/wire': ['daemonapi'],
  'packages/guest': [],
  'packages/client': ['daemonapi', 'wire'],
  'packages/netstate': ['daemonapi'],
};

const EXAMPLE_PLUGINS = ['examples/webhook/', 'examples/seed-drive/'];

/** A file directly in src/ other than those that every plugin's daemon side begins with. */
const SHARED = /\/src\/(?!(?:plugin|register|methods|config|contract)\.ts$)[^/]+\.ts$/;

export const rules: readonly Rule[] = [
  {
    name: 'own-files-by-path',
    reason:
      'A relative path into another package goes around its exports, so that nothing there could be moved any more.',
    broken: ({ owner, path }) => owner !== '' && path !== undefined && !path.startsWith(`${owner}/`),
    violation: { file: 'packages/engine/src/a.ts', source: `import '../../wire/src/op-id.ts';` },
  },
  {
    name: 'daemonapi-alone',
    reason:
      'A third-party plugin depends on @nook/daemonapi alone: whatever that imported would become part of the contract.',
    broken: (edge) =>
      edge.owner === 'packages/daemonapi' &&
      !isTest(edge) &&
      edge.path === undefined &&
      !(isNode(edge) && edge.typeOnly),
    violation: { file: 'packages/daemonapi/src/a.ts', source: `import { readFile } from 'node:fs/promises';` },
  },
  {
    name: 'layers',
    reason:
      'wire, guest, netstate and client are loaded by many processes: they stand below the engine and the plugins.',
    broken: ({ owner, workspace }) =>
      workspace !== undefined && LAYERS[owner] !== undefined && !LAYERS[owner].includes(workspace),
    violation: { file: 'packages/wire/src/a.ts', source: `import type { Client } from '@nook/client';` },
  },
  {
    name: 'engine-no-plugin',
    reason: 'The entry file alone says which plugins a daemon has; an engine that knew one could not be without it.',
    broken: ({ owner, workspace }) => owner === 'packages/engine' && isPlugin(workspace),
    violation: { file: 'packages/engine/src/a.ts', source: `import type { Vm } from '@nook/plugin-vm/contract';` },
  },
  {
    name: 'plugin-no-engine',
    reason: 'A plugin sees the daemon through its context only, so that the engine can change under it.',
    broken: (edge) => inPlugin(edge) && edge.workspace === 'engine',
    violation: { file: 'packages/plugin-x/src/a.ts', source: `const engine = await import('@nook/engine');` },
  },
  {
    name: 'plugin-no-plugin',
    reason:
      'Plugins meet in capabilities, joined by shape: an import would make one unusable without the other. Types as well.',
    broken: (edge) => inPlugin(edge) && isPlugin(edge.workspace) && edge.workspace !== ownName(edge),
    violation: { file: 'packages/plugin-x/src/a.ts', source: `type Y = import('@nook/plugin-y/contract').Y;` },
  },
  {
    name: 'plugin-libraries',
    reason:
      'Of nook itself a plugin may use the contract, the wire, the guest and netstate; its tests also the test kit.',
    broken: (edge) =>
      inPlugin(edge) &&
      edge.workspace !== undefined &&
      !isPlugin(edge.workspace) &&
      edge.workspace !== 'engine' &&
      !['daemonapi', 'wire', 'guest', 'netstate', ...(isTest(edge) ? ['testkit'] : [])].includes(edge.workspace),
    violation: { file: 'packages/plugin-x/src/a.ts', source: `import { createClient } from '@nook/client';` },
  },
  {
    name: 'example-plugin-alone',
    reason: 'An example shows what a stranger can do, who has the contract and the test kit, and nothing else of nook.',
    broken: ({ file, workspace, path }) => {
      const plugin = EXAMPLE_PLUGINS.find((folder) => file.startsWith(folder));
      if (plugin === undefined) return false;
      const allowed = file.startsWith(`${plugin}test/`) ? ['daemonapi', 'testkit'] : ['daemonapi'];
      return workspace === undefined ? path?.startsWith(plugin) === false : !allowed.includes(workspace);
    },
    violation: { file: 'examples/webhook/src/a.ts', source: `import { mintOpId } from '@nook/wire';` },
  },
  {
    name: 'example-driver-alone',
    reason: 'A driver is written against the contract alone, in both of its halves: the daemon’s and the vmhost’s.',
    broken: ({ file, specifier, workspace, path }) => {
      const folder = 'tests/plugin-author/plain-driver/';
      if (!file.startsWith(folder) || specifier.startsWith('node:')) return false;
      return workspace === undefined ? path?.startsWith(folder) !== true : workspace !== 'daemonapi';
    },
    violation: { file: 'tests/plugin-author/plain-driver/a.ts', source: `import { vm } from '@nook/plugin-vm';` },
  },
  {
    name: 'machine-behind-its-driver',
    reason: 'All that knows QEMU stands behind vm.driver: whatever else reached into it could not run another driver.',
    broken: ({ file, path, owner }) => {
      const folder = 'packages/plugin-vm/src/qemu/';
      if (owner !== 'packages/plugin-vm' || file.startsWith(folder)) return false;
      return path?.startsWith(folder) === true && file !== 'packages/plugin-vm/src/plugin.ts';
    },
    violation: {
      file: 'packages/plugin-vm/src/vmhost/a.ts',
      source: `import { QmpClient } from '../qemu/qmp-client.ts';`,
    },
  },
  {
    name: 'register-in-apps',
    reason: 'Importing a register entry adds the plugin to the process: that is the entry file’s decision.',
    broken: ({ owner, file, entry, workspace }) =>
      isPlugin(workspace) &&
      entry === 'register' &&
      !owner.startsWith('apps/') &&
      !/^(?:tests|examples|bench)\//.test(file),
    violation: { file: 'packages/testkit/src/a.ts', source: `import '@nook/plugin-x/register';` },
  },
  {
    name: 'cli-no-daemon-code',
    reason: 'The command line starts in milliseconds because it loads commands only; the daemon does the work.',
    broken: ({ owner, workspace, entry, typeOnly }) =>
      owner === 'apps/cli' &&
      !typeOnly &&
      (workspace === 'engine' || workspace === 'daemon' || (isPlugin(workspace) && entry !== 'cli')),
    violation: { file: 'apps/cli/src/a.ts', source: `import { vm } from '@nook/plugin-vm';` },
  },
  {
    name: 'plugin-cli-apart',
    reason:
      'What a plugin’s cli folder imports is loaded by the command line: contract types and small files shared in src/ may be, the daemon’s side not.',
    broken: (edge) => {
      const cli = `${edge.owner}/src/cli/`;
      if (!inPlugin(edge) || !edge.file.startsWith(cli) || isTest(edge)) return false;
      const own = edge.workspace === ownName(edge);
      const outside = edge.path !== undefined && !edge.path.startsWith(cli);
      const contract = edge.path === `${edge.owner}/src/contract.ts` || (own && edge.entry === 'contract');
      const shared = edge.path?.startsWith(`${edge.owner}/src/`) && SHARED.test(edge.path);
      return (own || outside) && !(contract ? edge.typeOnly : shared);
    },
    violation: { file: 'packages/plugin-x/src/cli/a.ts', source: `import { Store } from '../store/store.ts';` },
  },
];
