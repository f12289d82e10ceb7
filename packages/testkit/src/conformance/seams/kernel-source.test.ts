import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { API_VERSION, type KernelSource, NookError } from '@nook/daemonapi';
import { test } from 'vitest';
import { z } from 'zod';
import type { AnyPlugin } from '../../any-plugin.ts';
import { type Fault, saidOf } from '../fault.fixture.ts';
import type { ConformanceOptions } from '../options.ts';
import { conformance } from '../vitest.ts';

const DIGEST = `sha256:${'0'.repeat(64)}`;
const OPTIONS: ConformanceOptions = { kernels: ['toy:tin'] };

/** A source that does everything right, small enough to be varied into ones that do not. */
const toys: KernelSource = {
  name: 'toys',
  schemes: ['toy'],
  async resolve(reference, { signal }) {
    signal.throwIfAborted();
    if (reference !== 'toy:tin') throw new NookError('not_found', `There is no '${reference.slice(0, 100)}'.`);
    return { digest: DIGEST, source: 'a box of toys' };
  },
  async fetch(_kernel, { signal, directory }) {
    signal.throwIfAborted();
    const image = join(directory, 'kernel');
    await writeFile(image, 'a tin kernel', { signal });
    return { image };
  },
};

function withSource(change: Partial<KernelSource>): AnyPlugin {
  return {
    name: 'toys',
    api: API_VERSION,
    version: '1.0.0',
    from: import.meta.url,
    setup: (context) => context.contribute('kernel.source', { ...toys, ...change }),
  };
}

/** A store that takes whatever it is given. */
const credulous: AnyPlugin = {
  name: 'kernels',
  api: API_VERSION,
  version: '1.0.0',
  from: import.meta.url,
  setup(context) {
    const loose = context as unknown as {
      provide(name: string, value: object): void;
      method(name: string, definition: object): void;
    };
    loose.provide('kernels', {});
    const shape = { access: 'write', params: z.strictObject({ reference: z.string() }), result: z.any() };
    loose.method('kernel.pull', { ...shape, summary: 's', run: () => ({}) });
  },
};

const bringing = (change: object) => ({ fetch: async () => ({ image: '/etc/passwd', ...change }) });

const FAULTS: Readonly<Record<string, Fault>> = {
  'a source of which the suite knows no reference': {
    plugin: withSource({}),
    check: 'kernel.source: has names and claims',
    says: /give a reference of source 'toys' under 'kernels'/,
    options: {},
  },
  'a kernel of the catalog without a summary': {
    plugin: withSource({ catalog: [{ name: 'top', summary: '' }] }),
    check: 'kernel.source: has names and claims',
    says: /kernel 'top' has no summary/,
  },
  'a kernel that is not there': {
    plugin: withSource(bringing({ image: '/no/such/kernel' })),
    check: 'kernel.source: brings what it resolved',
    says: /ENOENT/,
  },
  'a kernel that is a folder': {
    plugin: withSource(bringing({ image: '/usr' })),
    check: 'kernel.source: brings what it resolved',
    says: /kernel of 'toy:tin' is no file/,
  },
  'modules in a file': {
    plugin: withSource(bringing({ modules: '/etc/passwd' })),
    check: 'kernel.source: brings what it resolved',
    says: /modules of 'toy:tin' are no folder/,
  },
  'a path that depends on where the daemon runs': {
    plugin: withSource(bringing({ initrd: 'package.json' })),
    check: 'kernel.source: brings what it resolved',
    says: /initrd of 'toy:tin' has no absolute path/,
  },
  'a fetch that does not heed its signal': {
    plugin: withSource(bringing({})),
    check: 'kernel.source: ends when its signal is aborted',
    says: /fetching 'toy:tin' with an aborted signal was to fail/,
  },
  'a store that takes anything': {
    plugin: credulous,
    check: 'kernel.source: what is no kernel is refused',
    says: /was to be refused, but nothing failed/,
  },
};

conformance(withSource({}), OPTIONS);

test.concurrent.for(Object.entries(FAULTS))('%s is found', { timeout: 60_000 }, async ([, fault], { expect }) => {
  expect(await saidOf({ options: OPTIONS, ...fault })).toMatch(fault.says);
});
