import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { API_VERSION, isNookError, NookError } from '@nook/daemonapi';
import type { AnyPlugin } from '../../any-plugin.ts';
import type { Box } from '../../box.ts';
import { failureOf } from '../subject-box.ts';

const SCHEME = 'conformance-hostile';
/** In the name of every file that must not come to be anywhere. */
const MARK = 'nook-escaped';

/** A bzImage as far as its header goes, whose payload is said to lie beyond its end. */
function lyingHeader(): Buffer {
  const image = Buffer.alloc(1024);
  image.writeUInt16LE(0xaa55, 0x1fe);
  image.write('HdrS', 0x202, 'latin1');
  image.writeUInt16LE(0x20f, 0x206);
  image.fill(0xff, 0x248, 0x250);
  return image;
}

/** An ELF that QEMU would enter, of a release that leads elsewhere. */
function climbing(): Buffer {
  const elf = Buffer.alloc(140);
  elf.write('\x7fELF\x02\x01\x01', 0, 'latin1');
  elf.writeUInt16LE(62, 18);
  elf.writeBigUInt64LE(64n, 32);
  elf.writeUInt16LE(56, 54);
  elf.writeUInt16LE(1, 56);
  elf.writeUInt32LE(4, 64);
  elf.writeBigUInt64LE(120n, 72);
  elf.writeBigUInt64LE(20n, 96);
  elf.writeUInt32LE(4, 120);
  elf.writeUInt32LE(4, 124);
  elf.writeUInt32LE(18, 128);
  elf.write('Xen\0', 132, 'latin1');
  return Buffer.concat([elf, Buffer.from(`Linux version ../../../${MARK} (a@b) (gcc) #1 SMP\n`)]);
}

/** Files that no store may take for a kernel. */
const FILES: Readonly<Record<string, Buffer>> = {
  'no-kernel-at-all': Buffer.from('#!/bin/sh\n'.repeat(200)),
  nothing: Buffer.alloc(0),
  'a-header-that-lies': lyingHeader(),
  'a-release-that-climbs': climbing(),
};

/** Brings them in good faith. */
export const hostileKernels: AnyPlugin = {
  name: 'testkit-hostile-kernels',
  api: API_VERSION,
  version: '0.0.0',
  from: import.meta.url,
  setup(context) {
    context.contribute('kernel.source', {
      name: SCHEME,
      schemes: [SCHEME],
      async resolve(reference) {
        const file = FILES[reference.slice(SCHEME.length + 1)];
        if (file === undefined) throw new NookError('not_found', `There is no '${reference}'.`);
        const digest = `sha256:${createHash('sha256').update(file).digest('hex')}`;
        return { digest, source: 'conformance suite', file };
      },
      async fetch(kernel, { directory }) {
        const image = join(directory, 'kernel');
        await writeFile(image, (kernel as unknown as { file: Buffer }).file);
        return { image };
      },
    });
  },
};

/** @throws AssertionError when the daemon's store takes one of them, or leaves something of it */
export async function offerHostileKernels(box: Box): Promise<void> {
  const call = box.engine.call.bind(box.engine) as (method: string, params: object) => Promise<unknown>;
  for (const name of Object.keys(FILES)) {
    const reference = `${SCHEME}:${name}`;
    const error = await failureOf(call('kernel.pull', { reference }), `'${reference}' was to be refused`);
    assert.ok(isNookError(error) && error.code === 'bad_request', `'${reference}' failed with ${error}`);
    await failureOf(call('kernel.show', { reference }), `'${reference}' was not to be in the store`);
  }
  const left = (await readdir(box.home, { recursive: true })).filter((path) => path.includes(MARK));
  assert.deepEqual(left, [], 'files of refused kernels are left');
}
