import { relative } from 'node:path';
import type { MachineDisk, MachineDrive, MachineNetwork, MachineSpec } from '@nook/daemonapi';
import { type Accelerator, type MachineType, type QemuSettings, SOCKETS } from './qemu-settings.ts';
import type { InheritedFile } from './spawn-qemu.ts';

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

/**
 * With addresses drawn anew for each process, the emulator translates what every process shares anew for each: a
 * command then takes four times as long (docs/decisions/0008-fixed-addresses-under-emulation.md).
 */
export function kernelArguments(accelerator: Accelerator, aslr: 'auto' | 'on' | 'off'): string[] {
  const fixed = aslr === 'off' || (aslr === 'auto' && accelerator === 'tcg');
  return [...KERNEL_ARGUMENTS, ...(fixed ? ['norandmaps'] : [])];
}

/**
 * The first file descriptor that QEMU inherits: the kernel's, then the initramfs, then the disk's layers from the lowest,
 * then the drives, the shares, a saved machine's files, the tap.
 */
const FIRST_FD = 3;
const FIRST_LAYER_FD = FIRST_FD + 2;

/** Files that QEMU inherits open, in the order of their descriptors: it may run under a uid that cannot walk to them. */
export function inheritedFiles(
  spec: Pick<MachineSpec, 'kernel' | 'disk' | 'drives' | 'shares' | 'resume' | 'network'>,
): InheritedFile[] {
  const { kernel, disk, drives = [], shares = [], resume, network } = spec;
  const read = [kernel.vmlinux, kernel.initramfs, ...disk.layers.map(({ path }) => path)];
  return [
    ...read.map((path) => ({ path })),
    ...drives.map(({ path, read_only }) => ({ path, writable: !read_only })),
    ...shares.map(({ path }) => ({ path })),
    ...(resume === undefined ? [] : [{ path: resume.devices }, { path: resume.ram }]),
    ...(network.tap_fd === undefined ? [] : [{ fd: network.tap_fd }]),
  ];
}

/** The descriptors of a saved machine's files: only a tap comes after them. */
export function resumeFds(spec: Pick<MachineSpec, 'disk' | 'drives'>): {
  readonly devices: number;
  readonly ram: number;
} {
  const devices = FIRST_LAYER_FD + spec.disk.layers.length + (spec.drives?.length ?? 0);
  return { devices, ram: devices + 1 };
}

/** QEMU's arguments for a machine. */
export function qemuArguments(spec: MachineSpec, settings: QemuSettings): string[] {
  const { machine, accelerator, cpu, kernel_arguments } = settings;
  const memory = spec.resume === undefined ? '' : ',memory-backend=ram';
  return [
    ...['-name', `guest=${escapeValue(spec.name)}`],
    // A search path for firmware that holds none: it puts the VM's folder where `ps` shows it.
    ...['-L', spec.dir, '-L', '/usr/share/qemu', '-L', '/usr/share/seabios'],
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-sandbox', `on,${FORBIDDEN.join(',')}`],
    ...['-machine', `${machineOption(settings)}${memory}`],
    ...['-accel', acceleratorOption(accelerator), '-cpu', cpu],
    ...['-smp', String(spec.vcpus), '-m', `${spec.memory_mib}M`],
    ...(spec.resume === undefined ? bootFiles([...kernel_arguments, ...spec.kernel.arguments]) : savedMachine(spec)),
    ...['-chardev', 'stdio,id=console,signal=off', '-serial', 'chardev:console'],
    ...['-chardev', `socket,id=qmp,path=${SOCKETS.qmp}`, '-mon', 'chardev=qmp,mode=control'],
    ...['-chardev', `socket,id=agent,path=${SOCKETS.agent}`],
    ...['-device', `${device('virtio-serial', machine)},max_ports=2`],
    ...['-device', 'virtserialport,chardev=agent,name=nook.agent.0'],
    ...disk(spec, machine),
    ...drives(spec, machine),
    ...network(spec, machine),
    ...sharedFolders(spec, machine),
  ];
}

const MACHINE_OPTIONS: Record<MachineType, string> = {
  q35: 'usb=off,vmport=off,smbus=off,sata=off,i8042=off,graphics=off,dump-guest-core=off',
  microvm: 'pcie=off,usb=off,pit=on,pic=on,rtc=on,auto-kernel-cmdline=on,dump-guest-core=off',
};

export function machineOption({ machine, machine_version }: Pick<QemuSettings, 'machine' | 'machine_version'>): string {
  return `${machine_version},${MACHINE_OPTIONS[machine]}`;
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
    ...['-kernel', inherited(FIRST_FD), '-initrd', inherited(FIRST_FD + 1)],
    ...['-append', kernelArguments.join(' ')],
  ];
}

/** Memory that is mapped privately, so that what the machine writes is its own; a kernel would be written over it. */
function savedMachine(spec: MachineSpec): string[] {
  const file = `/proc/self/fd/${resumeFds(spec).ram}`;
  const memory = `memory-backend-file,id=ram,size=${spec.memory_mib}M,mem-path=${file},share=off,prealloc=off`;
  return ['-object', memory, '-incoming', 'defer'];
}

function disk({ disk: { path, format, layers }, work_dir }: MachineSpec, machine: MachineType): string[] {
  return [
    ...layers.flatMap((layer, index) => layerDevice(layer, index)),
    ...['-blockdev', `driver=file,node-name=disk-file,filename=${escapeValue(relative(work_dir, path))},discard=unmap`],
    ...['-blockdev', `driver=${format},node-name=disk,file=disk-file,backing=layer${layers.length - 1},discard=unmap`],
    ...['-device', `${device('virtio-blk', machine)},drive=disk`],
  ];
}

/** One of the files below the disk, which stands on the one before it. */
function layerDevice({ format }: MachineDisk['layers'][number], index: number): string[] {
  const backing = format === 'qcow2' && index > 0 ? `,backing=layer${index - 1}` : '';
  return [
    ...['-add-fd', `fd=${FIRST_LAYER_FD + index},set=${index + 1}`],
    ...['-blockdev', `driver=file,node-name=layer${index}-file,filename=/dev/fdset/${index + 1},read-only=on`],
    ...['-blockdev', `driver=${format},node-name=layer${index},file=layer${index}-file,read-only=on${backing}`],
  ];
}

function drives({ drives = [], disk }: MachineSpec, machine: MachineType): string[] {
  return drives.flatMap((drive, index) => driveDevice(drive, { index, place: disk.layers.length + index, machine }));
}

/** As JSON where QEMU takes it: a qcow2 file must not name files of the host as its backing. */
function driveDevice(
  { format, read_only: readOnly, serial }: MachineDrive,
  { index, place, machine }: { index: number; place: number; machine: MachineType },
): string[] {
  const node = `drive${index}`;
  const backing = format === 'qcow2' ? { backing: null } : {};
  const blockdev = (options: object) => ['-blockdev', JSON.stringify({ ...options, 'read-only': readOnly })];
  return [
    ...['-add-fd', `fd=${FIRST_LAYER_FD + place},set=${place + 1}`],
    ...blockdev({ driver: 'file', 'node-name': `${node}-file`, filename: `/dev/fdset/${place + 1}` }),
    ...blockdev({ driver: format, 'node-name': node, file: `${node}-file`, ...backing }),
    ...['-device', `${device('virtio-blk', machine)},drive=${node},serial=${escapeValue(serial)}`],
  ];
}

/** `none`: owners are the host's, and a change of them is not an error. */
function sharedFolders({ disk: { layers }, drives = [], shares = [] }: MachineSpec, machine: MachineType): string[] {
  return shares.flatMap(({ tag, read_only }, index) => [
    '-fsdev',
    `local,id=${tag},path=/proc/self/fd/${FIRST_LAYER_FD + layers.length + drives.length + index},security_model=none` +
      (read_only ? ',readonly=on' : ''),
    ...['-device', `${device('virtio-9p', machine)},fsdev=${tag},mount_tag=${tag}`],
  ]);
}

/** What the network that the card hangs on is called. */
export const NETDEV = 'net';
/** A hub that the card of a machine without a network hangs on, so that it can be given one. */
export const HUB = 0;

/** As QEMU's user network has it: what comes to a port of the host goes to one of the guest. */
export function forwardRule(port: MachineNetwork['host_forwards'][number]): string {
  return `${port.protocol}:${port.host_address}:${port.host_port}-:${port.guest_port}`;
}

function network(spec: MachineSpec, machine: MachineType): string[] {
  return [
    '-netdev',
    netdev(spec).join(','),
    '-device',
    `${device('virtio-net', machine)},netdev=${NETDEV},mac=${spec.network.mac}`,
  ];
}

function netdev(spec: MachineSpec): string[] {
  const { mode, host_forwards } = spec.network;
  if (mode === 'user')
    return ['user', `id=${NETDEV}`, 'ipv6=off', ...host_forwards.map((port) => `hostfwd=${forwardRule(port)}`)];
  if (mode === 'tap') return ['tap', `id=${NETDEV}`, `fd=${FIRST_FD + inheritedFiles(spec).length - 1}`];
  // A hub that nothing else hangs on: the guest keeps its card, and the card leads nowhere.
  return ['hubport', `id=${NETDEV}`, `hubid=${HUB}`];
}
