import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { network } from '@nook/plugin-network';
import { vm } from '@nook/plugin-vm';
import { startTestDaemon } from '@nook/testkit';
import { describe, expect, it } from 'vitest';
import { plainDriver } from './plain-driver/plugin.ts';

const never = () => Promise.reject(new Error('nothing starts here'));
const image = { name: 'small', digest: 'sha256:0', path: '/dev/null', size_bytes: 2 ** 30 };
const fakes = {
  images: { defaultImage: () => 'small', ensure: async () => image },
  kernels: { ensure: never },
};

describe('the driver of a VM', () => {
  it('is the one that [vm] driver names; where nobody contributes that, the daemon says what to import', async () => {
    const config = { vm: { driver: 'plain' } };
    const start = startTestDaemon({ plugins: [vm, network], fakes, config });
    await expect(start).rejects.toThrow(/No imported plugin contributes the driver 'plain' that \[vm\] driver names/);
    await expect(start).rejects.toMatchObject({ hint: expect.stringMatching(/import that .* There is: qemu\./) });
  });

  it('has a name of its own', async () => {
    const double = { ...plainDriver, name: 'double' as const };
    const start = startTestDaemon({ plugins: [vm, network, plainDriver, double], fakes });
    await expect(start).rejects.toThrow(/Two plugins contribute a driver called 'plain'/);
  });

  it('stays when another one is chosen for new VMs, and is missed by name when it is imported no more', async () => {
    const home = await mkdtemp(join(tmpdir(), 'drivers-'));
    try {
      {
        const config = { vm: { driver: 'plain' } };
        await using daemon = await startTestDaemon({ plugins: [vm, network, plainDriver], fakes, config, home });
        expect(await daemon.call('vm.create', { name: 'web' })).toMatchObject({ driver: 'plain' });
      }
      await using daemon = await startTestDaemon({ plugins: [vm, network], fakes, home });
      expect(await daemon.call('vm.create', { name: 'other' })).toMatchObject({ driver: 'qemu' });
      expect(await daemon.call('vm.show', { name: 'web' })).toMatchObject({ driver: 'plain', state: 'created' });
      await expect(daemon.call('vm.start', { name: 'web' })).rejects.toMatchObject({
        code: 'unavailable',
        message: "VM 'web' runs on the driver 'plain', which this daemon does not have.",
      });
      await daemon.call('vm.delete', { name: 'web' });
    } finally {
      await rm(home, { recursive: true });
    }
  });
});
