import { images } from '@nook/plugin-images';
import { network } from '@nook/plugin-network';
import { vm } from '@nook/plugin-vm';
import { startTestDaemon } from '@nook/testkit';
import { vmDriverConformance } from '@nook/testkit/conformance';
import { describe, test } from 'vitest';

const env = { ...process.env, NOOK_STORE: process.env.NOOK_TEST_STORE };

/** What the driver finds out when it is left to choose: whether KVM works here, and why not. */
async function chosen(): Promise<{ readonly accelerator: string | undefined; readonly reason: string }> {
  await using daemon = await startTestDaemon({ plugins: [vm, images, network], env });
  const { vm: probed } = await daemon.call('vm.run', { image: 'busybox', memory: '256MiB', auto_remove: true });
  await daemon.call('vm.delete', { name: probed.name, force: true });
  const { findings } = await daemon.doctor();
  const finding = findings.find(({ check }) => check === 'vm.accelerator');
  return { accelerator: probed.accelerator, reason: finding?.evidence ?? 'for no reason given' };
}

const { accelerator: best, reason } = await chosen();

for (const machine of ['q35', 'microvm'] as const) {
  for (const accelerator of ['tcg', 'kvm'] as const) {
    describe(`${machine}, ${accelerator}`, () => {
      if (accelerator === 'kvm' && best !== 'kvm') {
        test('works on this host', ({ skip }) => skip(reason));
        return;
      }
      const config = { vm: { machine, accelerator } };
      vmDriverConformance(vm, { driver: 'qemu', with: [images, network], env, config });
    });
  }
}
