import type { MachineSpec } from '@nook/daemonapi';
import { describe, expect, it } from 'vitest';
import { cpuModel, escapeValue, inheritedFiles, kernelArguments, qemuArguments, resumeFds } from './qemu-argv.ts';
import type { QemuSettings } from './qemu-settings.ts';

const dir = '/home/ann/.local/state/nook/vms/0123456789ab';
const spec: MachineSpec = {
  name: 'web',
  dir,
  work_dir: `${dir}/machine`,
  vcpus: 2,
  memory_mib: 512,
  kernel: { vmlinux: '/store/vmlinux', initramfs: '/cache/initramfs.cpio', arguments: [] },
  disk: {
    path: `${dir}/machine/disk.qcow2`,
    format: 'qcow2',
    layers: [{ path: '/store/image.ext4', format: 'raw' }],
  },
  network: {
    mac: '52:54:00:01:23:45',
    mode: 'user',
    host_forwards: [{ protocol: 'tcp', host_address: '127.0.0.1', host_port: 8080, guest_port: 80 }],
  },
  settings: {},
};
const drives: NonNullable<MachineSpec['drives']> = [
  { path: '/run/a,b.img', format: 'raw', read_only: true, serial: 'seed' },
  { path: '/srv/cache.qcow2', format: 'qcow2', read_only: false, serial: 'cache-1' },
];
const settings: QemuSettings = {
  program: 'qemu-system-x86_64',
  machine: 'microvm',
  machine_version: 'microvm',
  accelerator: 'tcg',
  cpu: cpuModel('tcg'),
  kernel_arguments: kernelArguments('tcg', 'auto'),
};
/** As the driver has them for KVM. */
const underKvm: QemuSettings = {
  ...settings,
  accelerator: 'kvm',
  cpu: cpuModel('kvm'),
  kernel_arguments: kernelArguments('kvm', 'auto'),
};

async function expectGolden(args: readonly string[], name: string): Promise<void> {
  await expect(`${args.join('\n').replaceAll('\n-', '\n\n-')}\n`).toMatchFileSnapshot(`golden/${name}.txt`);
}

describe("QEMU's arguments", () => {
  it.each([
    ['microvm', 'microvm'],
    ['q35', 'pc-q35-7.2'],
  ] as const)('for %s', (machine, machine_version) =>
    expectGolden(qemuArguments(spec, { ...settings, machine, machine_version }), `${machine}-user`),
  );

  it('without a network and under KVM', () => {
    const network = { ...spec.network, mode: 'none', host_forwards: [] } as const;
    return expectGolden(qemuArguments({ ...spec, network }, underKvm), 'microvm-none-kvm');
  });

  it('on a tap, whose descriptor comes after all others', () => {
    const network = { ...spec.network, mode: 'tap', host_forwards: [], tap_fd: 44 } as const;
    const resume = { devices: '/state', ram: '/memory' };
    expect(inheritedFiles({ ...spec, network, resume }).slice(3)).toEqual([
      { path: '/state' },
      { path: '/memory' },
      { fd: 44 },
    ]);
    expect(qemuArguments({ ...spec, network, resume }, settings)).toContain('tap,id=net,fd=8');
    return expectGolden(qemuArguments({ ...spec, network }, settings), 'microvm-tap');
  });

  it('with more than one layer under the disk, and more words for the kernel', () => {
    const layers = [...spec.disk.layers, { path: '/frozen/layer.qcow2', format: 'qcow2' }] as const;
    const kernel = { ...spec.kernel, arguments: ['audit=0'] };
    const host = { ...settings, kernel_arguments: ['tsc_early_khz=2596101'] };
    const args = qemuArguments({ ...spec, kernel, disk: { ...spec.disk, layers } }, host);
    return expectGolden(args, 'microvm-layers');
  });

  it.each([
    ['microvm', 'microvm'],
    ['q35', 'pc-q35-7.2'],
  ] as const)('with drives of features, for %s', (machine, machine_version) => {
    const args = qemuArguments({ ...spec, drives }, { ...settings, machine, machine_version });
    expect(args.join(' ')).not.toContain('a,b.img');
    return expectGolden(args, `${machine}-drives`);
  });

  it('name the descriptors in the order in which files are inherited', () => {
    const resume = { devices: '/state', ram: '/memory' };
    const files = inheritedFiles({ ...spec, drives, resume });
    expect(files.slice(3)).toEqual([
      { path: '/run/a,b.img', writable: false },
      { path: '/srv/cache.qcow2', writable: true },
      { path: '/state' },
      { path: '/memory' },
    ]);
    const first = 3;
    expect(resumeFds({ ...spec, drives })).toEqual({ devices: first + 5, ram: first + 6 });
  });

  it('with folders of the host', () => {
    const shares = [
      { tag: 'share0', path: '/home/ann/a,b', read_only: false },
      { tag: 'share1', path: '/srv/data', read_only: true },
    ];
    expect(inheritedFiles({ ...spec, shares }).slice(-2)).toEqual([{ path: '/home/ann/a,b' }, { path: '/srv/data' }]);
    const q35 = { ...settings, machine: 'q35', machine_version: 'pc-q35-7.2' } as const;
    return expectGolden(qemuArguments({ ...spec, shares }, q35), 'q35-shares');
  });

  it('fix the addresses of processes where that is worth it, unless told otherwise', () => {
    const words = (['auto', 'on', 'off'] as const).map((aslr) =>
      (['tcg', 'kvm'] as const).map((accelerator) => kernelArguments(accelerator, aslr).includes('norandmaps')),
    );
    expect(words).toEqual([
      [true, false],
      [false, false],
      [true, true],
    ]);
  });

  it('hold every value literally, also one with commas', () => {
    expect(escapeValue('a,b,,c')).toBe('a,,b,,,,c');
    expect(qemuArguments({ ...spec, name: 'x,process=evil' }, settings)).toContain('guest=x,,process=evil');
  });
});
