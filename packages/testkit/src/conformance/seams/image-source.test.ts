import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { API_VERSION, type ImageSource, NookError } from '@nook/daemonapi';
import { test } from 'vitest';
import { z } from 'zod';
import type { AnyPlugin } from '../../any-plugin.ts';
import { buildTar } from '../../tar-builder.ts';
import { type Fault, saidOf } from '../fault.fixture.ts';
import type { ConformanceOptions } from '../options.ts';
import { conformance } from '../vitest.ts';

const DIGEST = `sha256:${'0'.repeat(64)}`;
const OPTIONS: ConformanceOptions = { images: ['toy:box'] };

/** A source that does everything right, small enough to be varied into ones that do not. */
const toys: ImageSource = {
  name: 'toys',
  schemes: ['toy'],
  async resolve(reference, { signal }) {
    signal.throwIfAborted();
    if (reference !== 'toy:box') throw new NookError('not_found', `There is no '${reference.slice(0, 100)}'.`);
    return { digest: DIGEST, source: 'a box of toys' };
  },
  async fetch(_image, { signal }) {
    signal.throwIfAborted();
    return { stream: bytes() };
  },
};

async function* bytes() {
  yield buildTar([{ name: 'toy', content: 'x' }]);
}

function withSources(...sources: ImageSource[]): AnyPlugin {
  return {
    name: 'toys',
    api: API_VERSION,
    version: '1.0.0',
    from: import.meta.url,
    setup(context) {
      for (const source of sources) context.contribute('image.source', source);
    },
  };
}

const varied = (change: Partial<ImageSource>) => withSources({ ...toys, ...change });

/** A store that takes whatever it is given. */
function credulous(): AnyPlugin {
  return {
    name: 'images',
    api: API_VERSION,
    version: '1.0.0',
    from: import.meta.url,
    setup(context) {
      const loose = context as unknown as {
        provide(name: string, value: object): void;
        method(name: string, definition: object): void;
      };
      loose.provide('images', {});
      loose.method('image.pull', {
        summary: 's',
        access: 'write',
        params: z.strictObject({ reference: z.string() }),
        result: z.any(),
        run: () => ({}),
      });
    },
  };
}

const FAULTS: Readonly<Record<string, Fault>> = {
  'a scheme that is claimed twice': {
    plugin: withSources(toys, { ...toys, name: 'dolls' }),
    check: 'image.source: has names and claims',
    says: /claimed twice[\s\S]*toy:/,
  },
  'an image of the catalog without a summary': {
    plugin: varied({ catalog: [{ name: 'top', summary: '' }] }),
    check: 'image.source: has names and claims',
    says: /image 'top' has no summary/,
  },
  'a source of which the suite knows no reference': {
    plugin: varied({}),
    check: 'image.source: has names and claims',
    says: /give a reference of source 'toys' under 'images'/,
    options: {},
  },
  'a digest that is another one each time': {
    plugin: varied({
      resolve: async () => ({ digest: `sha256:${crypto.randomUUID().replaceAll('-', '').repeat(2)}`, source: 's' }),
    }),
    check: 'image.source: gives a reference the same digest',
    says: /another one the second time/,
  },
  'a digest that is none': {
    plugin: varied({ resolve: async () => ({ digest: 'latest', source: 's' }) }),
    check: 'image.source: gives a reference the same digest',
    says: /has no digest/,
  },
  'a tar that is not there': {
    plugin: varied({ fetch: async ({ digest }) => ({ tar: `/no/such/${digest}` }) }),
    check: 'image.source: brings what it resolved',
    says: /ENOENT/,
  },
  'a folder of its own': {
    plugin: varied({ fetch: async () => ({ folder: '/usr' }) }),
    check: 'image.source: brings what it resolved',
    says: /is not in its directory/,
  },
  'an empty stream': {
    plugin: varied({ fetch: async () => ({ stream: (async function* () {})() }) }),
    check: 'image.source: brings what it resolved',
    says: /is empty/,
  },
  'files beside its directory': {
    plugin: varied({
      async fetch(_image, { directory }) {
        await writeFile(join(directory, '../part'), 'x');
        return { stream: bytes() };
      },
    }),
    check: 'image.source: brings what it resolved',
    says: /wrote outside of its directory/,
  },
  'a TypeError for what it does not understand': {
    plugin: varied({
      resolve(reference, work) {
        if (!/^[ -~]+$/.test(reference)) throw new TypeError('not a word');
        return toys.resolve(reference, work);
      },
    }),
    check: 'image.source: answers any reference',
    says: /not a word, which is no NookError/,
  },
  'an image for no reference at all': {
    plugin: varied({ resolve: async () => ({ digest: DIGEST, source: 's' }) }),
    check: 'image.source: answers any reference',
    says: /"toy:" was not refused/,
  },
  'a resolve that hangs': {
    plugin: varied({
      resolve: (_, { signal }) => (signal.aborted ? new Promise(() => {}) : toys.resolve(_, { signal } as never)),
    }),
    check: 'image.source: ends when its signal is aborted',
    says: /resolving 'toy:box' with an aborted signal did not end within 5 s/,
  },
  'a fetch that does not heed its signal': {
    plugin: varied({ fetch: async () => ({ stream: bytes() }) }),
    check: 'image.source: ends when its signal is aborted',
    says: /fetching 'toy:box' with an aborted signal was to fail/,
  },
  'a fetch that is aborted and leaves a timer': {
    plugin: varied({
      async fetch(_image, { signal }) {
        void delay(60_000);
        signal.throwIfAborted();
        return { stream: bytes() };
      },
    }),
    check: 'image.source: ends when its signal is aborted',
    says: /a timer of plugin 'toys'/,
  },
  'a store that takes anything': {
    plugin: credulous(),
    check: 'what is hostile is refused',
    says: /was to be refused, but nothing failed/,
  },
};

conformance(withSources(toys), OPTIONS);

test.concurrent.for(Object.entries(FAULTS))('%s is found', { timeout: 60_000 }, async ([, fault], { expect }) => {
  expect(await saidOf({ options: OPTIONS, ...fault })).toMatch(fault.says);
});
