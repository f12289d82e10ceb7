import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { qemuArguments } from '../driver/qemu-argv.ts';
import { spawnQemu } from '../driver/spawn-qemu.ts';
import { type HostSpec, VM_FILES } from './host-spec.ts';

export interface QemuExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The latest of what it wrote to stderr. */
  readonly stderr: string;
}

const STDERR_BYTES = 8 * 1024;

/** The QEMU of one VM. The kernel kills it when this process dies (`setpriv --pdeathsig`). */
export class QemuProcess {
  readonly exited: Promise<QemuExit>;
  readonly #child: ChildProcess;

  constructor(spec: HostSpec, onConsole: (chunk: Buffer) => void, onStderr: (text: string) => void) {
    const { base_image: baseImage, vmlinux, initramfs } = spec.machine;
    this.#child = spawnQemu(spec.machine.qemu, qemuArguments(spec.machine), {
      cwd: join(spec.machine.dir, VM_FILES.machine),
      inherit: [baseImage, vmlinux, initramfs],
      drives: spec.machine.drives,
      user: spec.run_as,
    });
    let stderr = '';
    this.#child.stdout?.on('data', onConsole);
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-STDERR_BYTES);
      onStderr(text);
    });
    this.exited = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve({ code: null, signal: null, stderr: error.message }));
      this.#child.once('close', (code, signal) => resolve({ code, signal, stderr: stderr.trim() }));
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
