import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { API_VERSION, NookError, type PluginDefinition, type PluginHooks, type VmFeature } from '@nook/daemonapi';
import { afterAll, expect, test } from 'vitest';
import { z } from 'zod';
import { conformanceChecks } from '../checks.ts';
import { conformance } from '../vitest.ts';

const part = z.strictObject({ size: z.number().default(1) });
type Part = z.output<typeof part>;

/** Does everything right, small enough to be varied into features that do not. */
const good: VmFeature<Part> = {
  name: 'test.disk',
  schema: part,
  preflight(request) {
    if (request.part.size > 10) throw new NookError('bad_params', 'It is too large.');
  },
  prepareHost: (vm, signal) => writeFile(join(vm.dir, 'disk'), 'x'.repeat(vm.part.size), { signal }),
  machine: ({ dir }) => ({
    kernel_args: ['test.disk=1'],
    drives: [{ path: join(dir, 'disk'), format: 'raw', read_only: true, serial: 'test' }],
  }),
  async postStart(_vm, guest) {
    const { exit_code, stderr } = await guest.exec({ argv: ['mount', '/dev/vdb', '/mnt'] });
    if (exit_code !== 0) throw new NookError('operation_failed', stderr);
  },
  applyChange(_vm, { kind }) {
    if (kind !== 'part') throw new NookError('unavailable', 'What is that?');
  },
};

function pluginOf(feature: VmFeature, hooks: PluginHooks = {}): PluginDefinition<'test-disks'> {
  return {
    name: 'test-disks',
    api: API_VERSION,
    version: '1.0.0',
    from: import.meta.url,
    setup({ contribute }) {
      contribute('vm.feature', feature);
      return hooks;
    },
  };
}

conformance(pluginOf(good));

interface Fault {
  readonly feature: Partial<VmFeature<Part>>;
  /** Words of the check that finds it, and of what it says. */
  readonly check: string;
  readonly says: RegExp;
}

const slow = () => new Promise<void>((resolve) => setTimeout(resolve, 8000));
const undos: (() => void)[] = [];
const undo = (step: () => void) => undos.push(step);
afterAll(() => {
  for (const step of undos) step();
});
let calls = 0;

const FAULTS: Readonly<Record<string, Fault>> = {
  'a name that is no label': { feature: { name: 'Disk!' }, check: 'labels as names', says: /Disk!/ },
  'a hook that is misspelt': {
    feature: { prepareHosts: () => {} } as object,
    check: 'labels as names',
    says: /nobody knows prepareHosts/,
  },
  'a deadline that is none': {
    feature: { deadlines: { cleanup: 0 } },
    check: 'labels as names',
    says: /gives cleanup 0 ms/,
  },
  'a schema that does not take what the suite gives': {
    feature: { schema: z.strictObject({ size: z.number() }) },
    check: 'cleans up without',
    says: /give a part that it does under 'features'/,
  },
  'a part that JSON cannot keep': {
    feature: { schema: z.any().transform(() => ({ size: 1, made: new Date(0) })) as never },
    check: 'cleans up without',
    says: /what JSON cannot keep/,
  },
  'a preflight that crashes on what it does not expect': {
    feature: {
      schema: z.any(),
      preflight: ({ part }) => void (part as unknown as { a: { b: string } }).a.b.length,
    },
    check: 'refuses garbage',
    says: /TypeError.*which is no refusal/s,
  },
  'a preflight that never ends': {
    feature: { preflight: () => new Promise(() => {}) },
    check: 'refuses garbage',
    says: /did not end within 5 s/,
  },
  'a cleanup that wants something to clean up': {
    feature: {
      cleanup: ({ state }) => {
        if (state === 'off') throw new Error('there is nothing');
      },
    },
    check: 'cleans up without anything before it',
    says: /there is nothing/,
  },
  'a machine of fields that nobody knows': {
    feature: { machine: () => ({ devices: ['virtio-rng'] }) as object },
    check: 'plain data for the machine',
    says: /of which nobody knows devices/,
  },
  'a machine that is promised': {
    feature: { machine: (async () => ({})) as never },
    check: 'plain data for the machine',
    says: /no plain data/,
  },
  'a machine that is another each time': {
    feature: { machine: () => ({ kernel_args: [`test.n=${calls++}`] }) },
    check: 'plain data for the machine',
    says: /something else each time/,
  },
  'a kernel word that is two': {
    feature: { machine: () => ({ kernel_args: ['init=/bin/sh quiet'] }) },
    check: 'plain data for the machine',
    says: /init=\/bin\/sh quiet/,
  },
  'a drive without a format': {
    feature: { machine: () => ({ drives: [{ path: '/d', read_only: true, serial: 'd' }] }) as never },
    check: 'plain data for the machine',
    says: /'undefined' is not a format/,
  },
  'a drive that is not there': {
    feature: { machine: () => ({ drives: [{ path: '/no/such', format: 'raw', read_only: true, serial: 'd' }] }) },
    check: 'plain data for the machine',
    says: /which prepareHost did not make/,
  },
  'a hook that changes the VM that it is given': {
    feature: { machine: ({ part }) => ({ kernel_args: [`test.size=${(part as { size: number }).size++}`] }) },
    check: 'plain data for the machine',
    says: /read only property/,
  },
  'a file beside its folder': {
    feature: { prepareHost: ({ dir }) => writeFile(join(dirname(dirname(dir)), 'mine'), '') },
    check: 'when it has prepared, started and cleaned up',
    says: /left behind: state\/vms\/.*\/mine/,
  },
  'a timer': {
    feature: {
      prepareHost() {
        const timer = setInterval(() => {}, 1000);
        undo(() => clearInterval(timer));
      },
    },
    check: 'when it has prepared, started and cleaned up',
    says: /a timer of plugin 'test-disks', made at .*vm-feature\.test\.ts/s,
  },
  'a socket': {
    feature: {
      postStart: () =>
        new Promise((resolve) => {
          const server = createServer().listen(0, '127.0.0.1', resolve);
          undo(() => server.close());
        }),
    },
    check: 'when it has prepared, started and cleaned up',
    says: /a listening socket of plugin 'test-disks'/,
  },
  'a child process': {
    feature: {
      prepareHost() {
        const child = spawn('sleep', ['60'], { stdio: 'ignore' });
        undo(() => child.kill('SIGKILL'));
      },
    },
    check: 'when it has prepared, started and cleaned up',
    says: /a child process of plugin 'test-disks'/,
  },
  'a postStart that crashes where a command fails': {
    feature: {
      async postStart(_vm, guest) {
        const { stdout } = await guest.exec({ argv: ['cat', '/etc/os-release'] });
        if (stdout.match(/ID=(.*)/)?.[1]?.length === 0 || stdout === '') JSON.parse(stdout);
      },
    },
    check: 'in a guest where nothing works',
    says: /SyntaxError.*which is no refusal/s,
  },
  'a prepareHost that does not heed its signal': {
    feature: { prepareHost: slow },
    check: 'whose signal is aborted',
    says: /prepareHost of 'test.disk' with an aborted signal did not end/,
  },
  'a cleanup that does not heed its signal': {
    feature: { cleanup: (_vm, { aborted }) => (aborted ? slow() : undefined) },
    check: 'whose signal is aborted',
    says: /cleanup of 'test.disk' with an aborted signal did not end/,
  },
  'a change that it takes whatever it is': {
    feature: { applyChange: () => {} },
    check: 'refuses changes that it does not know',
    says: /of a kind that it cannot know/,
  },
  'a finding that does not say what to do': {
    feature: { doctor: () => [{ status: 'error', item: 'disk', evidence: 'gone' }] },
    check: 'says what it finds of a VM',
    says: /does not say what to do about it/,
  },
  'a look that repairs': {
    feature: { doctor: ({ dir }) => writeFile(join(dir, 'looked'), '').then(() => []) },
    check: 'says what it finds of a VM',
    says: /changes files/,
  },
};

async function findingOf(plugin: PluginDefinition<'test-disks'>, words: string): Promise<string> {
  const checks = conformanceChecks(plugin).filter(({ name }) => name.startsWith('vm.feature') && name.includes(words));
  assert.equal(checks.length, 1, words);
  return checks[0]?.run().then(
    () => 'nothing',
    (error: unknown) => (error instanceof SuppressedError ? `${error.error}\n${error.suppressed}` : String(error)),
  ) as Promise<string>;
}

test.concurrent.for(Object.entries(FAULTS))('%s is found', { timeout: 60_000 }, async ([, fault], { expect }) => {
  const { feature, check, says } = fault;
  const faulty = { ...good, ...feature } as VmFeature;
  expect(await findingOf(pluginOf(faulty), check)).toMatch(says);
});

test.concurrent('a feature that waits for the start of its plugin is found', { timeout: 60_000 }, async () => {
  const started = Promise.withResolvers<void>();
  const plugin = pluginOf({ ...good, prepareHost: () => started.promise } as VmFeature, {
    start: () => started.resolve(),
  });
  expect(await findingOf(plugin, 'before the start of its plugin')).toMatch(
    /prepareHost of 'test.disk' before the start/,
  );
});

test('two features of one name are found', async () => {
  const plugin = pluginOf(good as VmFeature);
  const twice: typeof plugin = {
    ...plugin,
    setup(context) {
      plugin.setup(context);
      plugin.setup(context);
    },
  };
  expect(await findingOf(twice, 'labels as names')).toMatch(/'test.disk' is contributed to 'vm.feature' by/);
});
