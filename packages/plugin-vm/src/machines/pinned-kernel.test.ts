import { NookError, type Progress } from '@nook/daemonapi';
import { expect, test } from 'vitest';
import type { Dependencies } from './dependencies.ts';
import { kernelOf, pinOf } from './pinned-kernel.ts';
import type { KernelPin, MachineRecord } from './records.ts';

/** A store in which `debian-cloud` means `new` by now. */
function start(
  pin: KernelPin | undefined,
  { asked, own, gone = false }: { asked?: string; own?: string; gone?: boolean } = {},
) {
  const said: Progress[] = [];
  const kernels = {
    ensure: async (reference = 'debian-cloud') => {
      if (reference === 'old' && gone) throw new NookError('not_found', 'There is no kernel.');
      return { digest: reference === 'old' ? 'old' : 'new', release: '6', vmlinux: '/v', modules: '/m', initrd: null };
    },
  };
  const dependencies = { kernels, config: { kernel: asked } } as unknown as Dependencies;
  const caller = {
    opId: 'op-test',
    signal: new AbortController().signal,
    progress: (update: Progress) => void said.push(update),
  };
  const record = { shape: { kernel: own }, run: { kernel: pin } } as MachineRecord;
  return { kernel: kernelOf(record, dependencies, caller), said, record, dependencies };
}

test('a VM boots the kernel that it had, though the name means another one by now', async () => {
  const first = start(undefined);
  expect(pinOf(await first.kernel, first.record, first.dependencies)).toEqual({ asked: null, digest: 'new' });
  expect((await start({ asked: null, digest: 'old' }).kernel).digest).toBe('old');
});

test('it takes another one when the config asks for another one', async () => {
  expect((await start({ asked: null, digest: 'old' }, { asked: 'debian' }).kernel).digest).toBe('new');
});

test('what was asked for it goes before what the config asks for', async () => {
  const mine = start(undefined, { own: 'mine', asked: 'debian' });
  expect(pinOf(await mine.kernel, mine.record, mine.dependencies)).toEqual({ asked: 'mine', digest: 'new' });
  expect((await start({ asked: 'mine', digest: 'old' }, { own: 'mine', asked: 'debian' }).kernel).digest).toBe('old');
});

test('it takes another one when its own is gone, and says so', async () => {
  const { kernel, said } = start({ asked: null, digest: 'old' }, { gone: true });
  expect((await kernel).digest).toBe('new');
  expect(said).toEqual([{ stage: 'kernel', message: expect.stringContaining('old is gone') }]);
});
