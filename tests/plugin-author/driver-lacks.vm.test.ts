import { tmpdir } from 'node:os';
import { isNookError } from '@nook/daemonapi';
import { images } from '@nook/plugin-images';
import { network } from '@nook/plugin-network';
import { vm } from '@nook/plugin-vm';
import { startTestDaemon } from '@nook/testkit';
import { seedDrive } from 'nook-seed-drive';
import { expect, it } from 'vitest';
import { plainDriver } from './plain-driver/plugin.ts';

/** What a VM is made as that the plain driver cannot run, and the end of the sentence that says so. */
const LACKED = {
  drives: [{ features: { 'seed-drive': { text: 'a text' } } }, 'give a VM more drives'],
  tap_network: [{ network: 'back' }, 'give a VM a network of several'],
  user_network: [{ network: 'user' }, "give a VM a network of mode 'user'"],
  mount_9p: [{ mounts: [{ source: tmpdir(), target: '/work' }] }, 'mount folders of the host in a VM'],
} as const;

it('what a VM is made of that its driver lacks is refused by its name, before there is a machine', async () => {
  await using daemon = await startTestDaemon({
    plugins: [plainDriver, vm, images, network, seedDrive],
    env: { ...process.env, NOOK_STORE: process.env.NOOK_TEST_STORE },
    config: { vm: { templates: { auto: false }, driver: 'plain' } },
  });
  await daemon.call('net.create', { name: 'back' });
  for (const [capability, [request, what]] of Object.entries(LACKED)) {
    const made = daemon.call('vm.create', { name: 'web', image: 'busybox', network: 'none', ...request });
    const refused = await made.then(() => daemon.call('vm.start', { name: 'web' })).catch((error: unknown) => error);
    const { code, message } = isNookError(refused) ? refused : { code: undefined, message: String(refused) };
    expect({ capability, code, message }).toEqual({
      ...{ capability, code: 'unavailable' },
      message: `Driver 'plain' cannot ${what}.`,
    });
    for (const { name, vmhost_pid } of await daemon.call('vm.list', {})) {
      expect({ capability, vmhost_pid }).toEqual({ capability, vmhost_pid: undefined });
      await daemon.call('vm.delete', { name });
    }
  }
  await daemon.call('net.delete', { name: 'back' });
});
