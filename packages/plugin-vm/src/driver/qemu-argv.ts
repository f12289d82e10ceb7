import type { FeatureDrive } from '@nook/daemonapi';
import { type Accelerator, MACHINE_FILES, type MachineSpec, type MachineType } from './machine-spec.ts';

const FORBIDDEN = ['obsolete=deny', 'elevateprivileges=deny', 'spawn=deny', 'resourcecontrol=deny'];

/** A value inside a QEMU option list: a comma would end it, so it is doubled. */
export function escapeValue(value: string): string {
  return value.replaceAll(',', ',,');
}

/**
 * The kernel's command line. `reboot=t` is a triple fault, which every machine type answers with an exit. The rest
 * skips what only costs time in a guest: self-tests of ciphers, a test of the timer, patching for a single processor,
 * lazy grace periods.
 */
export const KERNEL_ARGUMENTS = [
  ...['console=ttyS0', 'quiet', 'reboot=t', 'panic=-1'],
  ...['cryptomgr.notests', 'no_timer_check', 'noreplace-smp', 'rcupdate.rcu_expedited=1'],
];

/** File descriptors that QEMU inherits. It may run under a uid that cannot walk to these files. */
export const INHERITED_FD = { baseImage: 3, vmlinux: 4, initramfs: 5, firstDrive: 6 } as const;

/** QEMU's arguments for a machine. */
export function qemuArguments(spec: MachineSpec): string[] {
  return [
    ...['-name', `guest=${escapeValue(spec.name)}`],
    // A search path for firmware that holds none: it puts the VM's folder where `ps` shows it.
    ...['-L', spec.dir, '-L', '/usr/share/qemu', '-L', '/usr/share/seabios'],
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-sandbox', `on,${FORBIDDEN.join(',')}`],
    ...[
      '-machine',
      machineOption(spec.machine),
      '-accel',
      acceleratorOption(spec.accelerator),
      '-cpu',
      cpuModel(spec.accelerator),
    ],
    ...['-smp', String(spec.vcpus), '-m', `${spec.memory_mib}M`],
    ...bootFiles([...KERNEL_ARGUMENTS, ...(spec.kernel_args ?? [])]),
    ...['-chardev', 'stdio,id=console,signal=off', '-serial', 'chardev:console'],
    ...['-chardev', `socket,id=qmp,path=${MACHINE_FILES.qmp}`, '-mon', 'chardev=qmp,mode=control'],
    ...['-chardev', `socket,id=agent,path=${MACHINE_FILES.agent}`],
    ...['-device', `${device('virtio-serial', spec.machine)},max_ports=2`],
    ...['-device', 'virtserialport,chardev=agent,name=nook.agent.0'],
    ...disk(spec.machine),
    ...(spec.drives ?? []).flatMap((drive, index) => extraDrive(drive, index, spec.machine)),
    ...network(spec),
  ];
}

export function machineOption(machine: MachineType): string {
  if (machine === 'q35') return 'q35,usb=off,vmport=off,smbus=off,sata=off,i8042=off,graphics=off,dump-guest-core=off';
  return 'microvm,pcie=off,usb=off,pit=on,pic=on,rtc=on,auto-kernel-cmdline=on,dump-guest-core=off';
}

export function acceleratorOption(accelerator: Accelerator): string {
  return accelerator === 'kvm' ? 'kvm' : 'tcg,thread=multi';
}

export function cpuModel(accelerator: Accelerator): string {
  // Emulated string instructions with these flags are slower than the loops that they replace.
  return accelerator === 'kvm' ? 'host' : 'max,-erms,-fsrm';
}

function device(kind: string, machine: MachineType): string {
  return `${kind}-${machine === 'q35' ? 'pci' : 'device'}`;
}

export function bootFiles(kernelArguments: readonly string[]): string[] {
  const inherited = (fd: number) => `/proc/self/fd/${fd}`;
  return [
    ...['-kernel', inherited(INHERITED_FD.vmlinux), '-initrd', inherited(INHERITED_FD.initramfs)],
    ...['-append', kernelArguments.join(' ')],
  ];
}

function disk(machine: MachineType): string[] {
  return [
    ...['-add-fd', `fd=${INHERITED_FD.baseImage},set=1`],
    ...['-blockdev', 'driver=file,node-name=base-file,filename=/dev/fdset/1,read-only=on'],
    ...['-blockdev', 'driver=raw,node-name=base,file=base-file,read-only=on'],
    ...['-blockdev', `driver=file,node-name=disk-file,filename=${MACHINE_FILES.disk},discard=unmap`],
    ...['-blockdev', 'driver=qcow2,node-name=disk,file=disk-file,backing=base,discard=unmap'],
    ...['-device', `${device('virtio-blk', machine)},drive=disk`],
  ];
}

/** As JSON where QEMU takes it: a qcow2 file must not name files of the host as its backing. */
function extraDrive(drive: FeatureDrive, index: number, machine: MachineType): string[] {
  const node = `drive${index}`;
  // The base image's is the first set.
  const set = index + 2;
  const { format, read_only: readOnly, serial } = drive;
  const blockdev = (options: object) => ['-blockdev', JSON.stringify({ ...options, 'read-only': readOnly })];
  return [
    ...['-add-fd', `fd=${INHERITED_FD.firstDrive + index},set=${set}`],
    ...blockdev({ driver: 'file', 'node-name': `${node}-file`, filename: `/dev/fdset/${set}` }),
    ...blockdev({
      driver: format,
      'node-name': node,
      file: `${node}-file`,
      ...(format === 'qcow2' ? { backing: null } : {}),
    }),
    ...['-device', `${device('virtio-blk', machine)},drive=${node},serial=${escapeValue(serial)}`],
  ];
}

function network({ machine, mac, network: plan }: MachineSpec): string[] {
  const forwards = plan.host_forwards.map(
    (port) => `hostfwd=${port.protocol}:${port.host_address}:${port.host_port}-:${port.guest_port}`,
  );
  // A hub that nothing else hangs on: the guest keeps its card, and the card leads nowhere.
  const netdev = plan.mode === 'user' ? ['user', 'id=net', 'ipv6=off', ...forwards] : ['hubport', 'id=net', 'hubid=0'];
  return ['-netdev', netdev.join(','), '-device', `${device('virtio-net', machine)},netdev=net,mac=${mac}`];
}
