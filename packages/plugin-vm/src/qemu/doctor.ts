import type { DoctorCheck, DoctorFinding } from '@nook/daemonapi';
import { execa } from 'execa';
import type { Acceleration } from './acceleration.ts';
import type { QemuConfig } from './qemu-config.ts';

const PACKAGES: Record<string, string> = { 'qemu-img': 'qemu-utils', setpriv: 'util-linux' };

/** What this plugin has to say about the host. */
export function qemuChecks(acceleration: Acceleration, config: QemuConfig): DoctorCheck[] {
  return [
    { name: 'vm.accelerator', run: () => checkAccelerator(acceleration) },
    {
      name: 'vm.programs',
      run: (signal) =>
        Promise.all([
          checkProgram(config.qemu, 'qemu-system-x86', signal),
          ...Object.entries(PACKAGES).map(([program, debian]) => checkProgram(program, debian, signal)),
        ]),
    },
  ];
}

async function checkAccelerator(acceleration: Acceleration): Promise<DoctorFinding[]> {
  const verdict = await acceleration.known();
  const item = 'accelerator';
  if (!verdict) {
    const evidence = 'not known yet: the first VM that starts finds out by booting a probe guest';
    return [{ status: 'ok', item, evidence }];
  }
  const evidence = `${verdict.accelerator}: ${verdict.reason}`;
  if (verdict.accelerator === 'kvm') return [{ status: 'ok', item, evidence }];
  return [
    {
      status: 'warning',
      item,
      evidence,
      repair:
        'VMs run under emulation, which is slower. Where the host can do KVM, make /dev/kvm usable for this user.',
    },
  ];
}

async function checkProgram(program: string, debian: string, signal: AbortSignal): Promise<DoctorFinding> {
  const item = `program ${program}`;
  const { stdout, failed } = await execa(program, ['--version'], { reject: false, cancelSignal: signal });
  if (!failed) return { status: 'ok', item, evidence: stdout.split('\n')[0] ?? '' };
  return { status: 'error', item, evidence: 'it cannot be run', repair: `Install it (Debian: apt install ${debian}).` };
}
