import { accessSync, constants } from 'node:fs';
import { tmpdir } from 'node:os';
import type { MachineKernel, MachineUser } from '@nook/daemonapi';
import { acceleratorOption, bootFiles, cpuModel, KERNEL_ARGUMENTS, machineOption } from './qemu-argv.ts';
import type { Accelerator, QemuSettings } from './qemu-settings.ts';
import { spawnQemu } from './spawn-qemu.ts';

/** A guest that runs at all says so within a second; one that spins never does. */
const PROBE_MS = 6_000;
const SAYS_SO = 'NOOK-PROBE-OK';

export interface ProbeGuest extends Omit<QemuSettings, 'accelerator' | 'cpu' | 'kernel_arguments'> {
  readonly kernel: MachineKernel;
  readonly run_as?: MachineUser | undefined;
}

export interface Verdict {
  readonly accelerator: Accelerator;
  /** One sentence for people: why this one. */
  readonly reason: string;
}

/** Boots the guest's own kernel with an init that says one line, under KVM, and judges by that line alone. */
export async function probe(guest: ProbeGuest, signal: AbortSignal): Promise<Verdict> {
  const denied = deviceProblem();
  if (denied !== undefined) return { accelerator: 'tcg', reason: denied };
  const failure = await bootProbe(guest, signal);
  if (failure === undefined) return { accelerator: 'kvm', reason: 'a probe guest ran under KVM' };
  return { accelerator: 'tcg', reason: `/dev/kvm opens, but a probe guest did not run under it: ${failure}` };
}

function deviceProblem(): string | undefined {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return 'this host has no /dev/kvm';
    if (code === 'EACCES') return '/dev/kvm may not be opened by this user (join the group that owns it)';
    return `/dev/kvm cannot be used: ${code}`;
  }
}

/** Why the guest did not run; undefined when it did. */
async function bootProbe(guest: ProbeGuest, signal: AbortSignal): Promise<string | undefined> {
  const child = spawnQemu(guest.program, probeArguments(guest), {
    cwd: tmpdir(),
    inherit: [guest.kernel.vmlinux, guest.kernel.initramfs],
    user: guest.run_as,
  });
  let console = '';
  let stderr = '';
  const heard = new Promise<undefined>((resolve) => {
    child.stdout?.setEncoding('latin1').on('data', (text: string) => {
      console = (console + text).slice(-4_096);
      if (console.includes(SAYS_SO)) resolve(undefined);
    });
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-4_096);
  });
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, killedBy) => {
      const words = stderr.trim().split('\n').at(-1);
      resolve(`QEMU ended ${killedBy === null ? `with code ${code}` : `by ${killedBy}`}${words ? ` (${words})` : ''}`);
    });
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`it printed nothing within ${PROBE_MS / 1000} s`), PROBE_MS);
    signal.addEventListener('abort', () => resolve('the probe was cancelled'), { once: true });
  });
  const outcome = await Promise.race([heard, exited, late]);
  clearTimeout(timer);
  child.kill('SIGKILL');
  await exited;
  signal.throwIfAborted();
  return outcome;
}

function probeArguments(guest: ProbeGuest): string[] {
  return [
    ...['-name', 'nook-probe', '-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-sandbox', 'on'],
    ...['-machine', machineOption(guest), '-accel', acceleratorOption('kvm'), '-cpu', cpuModel('kvm')],
    ...['-smp', '1', '-m', '128M', ...bootFiles([...KERNEL_ARGUMENTS, 'nook.probe'])],
    ...['-chardev', 'stdio,id=console,signal=off', '-serial', 'chardev:console'],
  ];
}
