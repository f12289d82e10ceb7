import { tmpdir } from 'node:os';
import type { MachineKernel, MachineUser } from '@nook/daemonapi';
import { acceleratorOption, bootFiles, cpuModel, KERNEL_ARGUMENTS, machineOption } from './qemu-argv.ts';
import type { QemuSettings } from './qemu-settings.ts';
import { spawnQemu } from './spawn-qemu.ts';

/** A machine without a disk, booted for what it says. */
export interface OnceGuest {
  readonly settings: Pick<QemuSettings, 'program' | 'machine' | 'machine_version' | 'accelerator'>;
  readonly kernel: MachineKernel;
  readonly run_as?: MachineUser | undefined;
}

interface Listen {
  /** Words for its kernel. */
  readonly words: readonly string[];
  /** What is waited for on its console. */
  readonly until: RegExp;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

const KEPT_CHARACTERS = 64 * 1024;

/**
 * Boots a guest until its console says something, then ends it.
 * @returns what matched, or one clause that tells why nothing did
 * @throws the signal's reason
 */
export async function bootOnce(guest: OnceGuest, listen: Listen): Promise<RegExpExecArray | string> {
  const { program } = guest.settings;
  const child = spawnQemu(program, argumentsOf(guest, listen.words), {
    cwd: tmpdir(),
    inherit: [{ path: guest.kernel.vmlinux }, { path: guest.kernel.initramfs }],
    user: guest.run_as,
  });
  let console = '';
  let stderr = '';
  const heard = new Promise<RegExpExecArray>((resolve) => {
    child.stdout?.setEncoding('latin1').on('data', (text: string) => {
      console = (console + text).slice(-KEPT_CHARACTERS);
      const match = listen.until.exec(console);
      if (match) resolve(match);
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
    timer = setTimeout(() => resolve(`it did not say so within ${listen.timeoutMs / 1000} s`), listen.timeoutMs);
    listen.signal.addEventListener('abort', () => resolve('it was cancelled'), { once: true });
  });
  const outcome = await Promise.race([heard, exited, late]);
  clearTimeout(timer);
  child.kill('SIGKILL');
  await exited;
  listen.signal.throwIfAborted();
  return outcome;
}

function argumentsOf({ settings }: OnceGuest, words: readonly string[]): string[] {
  const { accelerator } = settings;
  return [
    ...['-name', 'nook-probe', '-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-sandbox', 'on'],
    ...['-machine', machineOption(settings), '-accel', acceleratorOption(accelerator), '-cpu', cpuModel(accelerator)],
    ...['-smp', '1', '-m', '128M', ...bootFiles([...KERNEL_ARGUMENTS, ...words])],
    ...['-chardev', 'stdio,id=console,signal=off', '-serial', 'chardev:console'],
  ];
}
