import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import type { MachineExit, MachineHost, MachineSpec, RunningMachine } from '@nook/daemonapi';

/** Descriptors of the process: two socket pairs to this one, then the files that its user may not be able to walk to. */
const FD = { agent: 3, monitor: 4, vmlinux: 5, initramfs: 6, firstLayer: 7 };

/** Called by the vmhost of a VM, once. */
export async function createMachine(spec: MachineSpec, host: MachineHost): Promise<RunningMachine> {
  const child = spawned(spec);
  const [agent, monitor] = [child.stdio[FD.agent] as Duplex, child.stdio[FD.monitor] as Duplex];
  for (const stream of [agent, monitor]) stream.on('error', () => {});
  let stderr = '';
  child.stdout?.on('data', (bytes: Buffer) => host.console(bytes));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-8_192);
    host.stderr(text);
  });
  const ready = Promise.withResolvers<void>();
  let guest: MachineExit['guest'];
  const lines = createInterface(monitor).on('error', () => {});
  lines.on('line', (line) => {
    const message = JSON.parse(line) as { return?: unknown; event?: string; data?: { reason?: string } };
    if ('return' in message) ready.resolve();
    if (message.event === 'SHUTDOWN') guest = ENDS[message.data?.reason ?? ''];
  });
  const order = async (execute: string): Promise<void> => {
    monitor.write(`${JSON.stringify({ execute })}\n`);
  };
  const exited = new Promise<MachineExit>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, stderr: stderr.trim(), guest }));
  });
  await once(child, 'spawn');
  await order('qmp_capabilities');
  const started = ready.promise.then(() => ({ agent, quit: () => order('quit') }));
  return { pid: child.pid as number, started, exited, kill: () => child.kill('SIGKILL') };
}

const ENDS: Readonly<Record<string, MachineExit['guest']>> = { 'guest-shutdown': 'poweroff', 'guest-reset': 'reboot' };

/** Killed by the kernel with the process that calls this. */
function spawned(spec: MachineSpec): ChildProcess {
  const { kernel, disk, run_as, work_dir, settings } = spec;
  const user = run_as ? ['--reuid', `${run_as.uid}`, '--regid', `${run_as.gid}`, '--clear-groups'] : [];
  const files = [kernel.vmlinux, kernel.initramfs, ...disk.layers.map(({ path }) => path)].map((path) =>
    openSync(path, 'r'),
  );
  try {
    return spawn('setpriv', ['--pdeathsig', 'KILL', ...user, ...(settings.command as string[]), ...argumentsOf(spec)], {
      cwd: work_dir,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe', ...files],
    });
  } finally {
    for (const file of files) closeSync(file);
  }
}

function argumentsOf({ name, dir, vcpus, memory_mib, kernel, disk, network }: MachineSpec): string[] {
  const layers = disk.layers.flatMap(({ format }, index) => [
    ...['-add-fd', `fd=${FD.firstLayer + index},set=${index}`],
    ...['-blockdev', `driver=file,node-name=file${index},filename=/dev/fdset/${index},read-only=on`],
    ...['-blockdev', `driver=${format},node-name=layer${index},file=file${index},read-only=on`],
  ]);
  const top = `driver=${disk.format},node-name=disk,file=disk-file,backing=layer${disk.layers.length - 1}`;
  return [
    // The folder of the VM as an argument of its own: a search path that leads nowhere.
    ...['-name', name, '-L', dir, '-L', '/usr/share/qemu', '-L', '/usr/share/seabios'],
    ...['-M', 'q35,usb=off', '-cpu', 'max', '-smp', `${vcpus}`, '-m', `${memory_mib}M`],
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none'],
    ...['-kernel', `/proc/self/fd/${FD.vmlinux}`, '-initrd', `/proc/self/fd/${FD.initramfs}`],
    ...['-append', ['console=ttyS0', 'quiet', 'reboot=t', 'panic=-1', ...kernel.arguments].join(' ')],
    ...['-chardev', 'stdio,id=console,signal=off', '-serial', 'chardev:console'],
    ...['-chardev', `socket,id=monitor,fd=${FD.monitor}`, '-mon', 'chardev=monitor,mode=control'],
    ...['-chardev', `socket,id=agent,fd=${FD.agent}`, '-device', 'virtio-serial-pci'],
    ...['-device', 'virtserialport,chardev=agent,name=nook.agent.0'],
    ...layers,
    ...['-blockdev', `driver=file,node-name=disk-file,filename=${basename(disk.path)}`, '-blockdev', top],
    ...['-device', 'virtio-blk-pci,drive=disk'],
    ...['-netdev', 'hubport,id=net,hubid=0', '-device', `virtio-net-pci,netdev=net,mac=${network.mac}`],
  ];
}
