import { accessSync, constants } from 'node:fs';
import { bootOnce, type OnceGuest } from './boot-once.ts';
import type { Accelerator, QemuSettings } from './qemu-settings.ts';

/** A guest that runs at all says so within a second; one that spins never does. */
const PROBE_MS = 6_000;

export interface ProbeGuest extends Omit<OnceGuest, 'settings'> {
  readonly settings: Omit<QemuSettings, 'accelerator' | 'kernel_arguments'>;
}

export interface Verdict {
  readonly accelerator: Accelerator;
  /** One sentence for people: why this one. */
  readonly reason: string;
}

/** Boots the guest's own kernel with an init that says one line, under KVM, and judges by that line alone. */
export async function probe({ settings, ...guest }: ProbeGuest, signal: AbortSignal): Promise<Verdict> {
  const denied = deviceProblem();
  if (denied !== undefined) return { accelerator: 'tcg', reason: denied };
  const outcome = await bootOnce(
    { ...guest, settings: { ...settings, accelerator: 'kvm' } },
    { words: ['nook.probe'], until: /NOOK-PROBE-OK/, timeoutMs: PROBE_MS, signal },
  );
  if (typeof outcome !== 'string') return { accelerator: 'kvm', reason: 'a probe guest ran under KVM' };
  return { accelerator: 'tcg', reason: `/dev/kvm opens, but a probe guest did not run under it: ${outcome}` };
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
