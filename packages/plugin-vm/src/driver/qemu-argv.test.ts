import { describe, expect, it } from 'vitest';
import type { MachineSpec } from './machine-spec.ts';
import { escapeValue, qemuArguments } from './qemu-argv.ts';

const spec: MachineSpec = {
  name: 'web',
  dir: '/home/ann/.local/state/nook/vms/0123456789ab',
  qemu: 'qemu-system-x86_64',
  machine: 'microvm',
  accelerator: 'tcg',
  vcpus: 2,
  memory_mib: 512,
  vmlinux: '/store/vmlinux',
  initramfs: '/cache/initramfs.cpio',
  base_image: '/store/image.ext4',
  mac: '52:54:00:01:23:45',
  network: {
    mode: 'user',
    host_forwards: [{ protocol: 'tcp', host_address: '127.0.0.1', host_port: 8080, guest_port: 80 }],
    guest: { address: '10.0.2.15/24', gateway: '10.0.2.2', dns: ['10.0.2.3'] },
  },
};

describe("QEMU's arguments", () => {
  it.each(['microvm', 'q35'] as const)('for %s', async (machine) => {
    const lines = qemuArguments({ ...spec, machine })
      .join('\n')
      .replaceAll('\n-', '\n\n-');
    await expect(`${lines}\n`).toMatchFileSnapshot(`golden/${machine}-user.txt`);
  });

  it('without a network and under KVM', async () => {
    const args = qemuArguments({
      ...spec,
      accelerator: 'kvm',
      network: { mode: 'none', host_forwards: [], guest: null },
    });
    await expect(`${args.join('\n').replaceAll('\n-', '\n\n-')}\n`).toMatchFileSnapshot('golden/microvm-none-kvm.txt');
  });

  it.each(['microvm', 'q35'] as const)('with drives and kernel words of features, for %s', async (machine) => {
    const lines = qemuArguments({
      ...spec,
      machine,
      kernel_args: ['acme.level=2,3', 'acme.on'],
      drives: [
        { path: '/run/a,b.img', format: 'raw', read_only: true, serial: 'seed' },
        { path: '/srv/cache.qcow2', format: 'qcow2', read_only: false, serial: 'cache-1' },
      ],
    });
    expect(lines.join(' ')).not.toContain('a,b.img');
    await expect(`${lines.join('\n').replaceAll('\n-', '\n\n-')}\n`).toMatchFileSnapshot(
      `golden/${machine}-drives.txt`,
    );
  });

  it('hold every value literally, also one with commas', () => {
    expect(escapeValue('a,b,,c')).toBe('a,,b,,,,c');
    expect(qemuArguments({ ...spec, name: 'x,process=evil' })).toContain('guest=x,,process=evil');
  });
});
