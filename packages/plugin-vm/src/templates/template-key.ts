import { createHash } from 'node:crypto';
import type { VmDriverSetup } from '@nook/daemonapi';

/** All that a saved machine depends on. One made under other inputs does not load, or is another machine. */
export interface TemplateInputs {
  readonly image: string;
  readonly kernel: string;
  /** The name of the initramfs file, which holds the digests of the guest build and of the kernel. */
  readonly initramfs: string;
  readonly driver: string;
  /** With the driver's full version, machine type, accelerator and settings such as the CPU model. */
  readonly setup: VmDriverSetup;
  readonly vcpus: number;
  readonly memory_bytes: number;
  readonly disk_bytes: number;
}

/** The name of a template's folder. */
export function templateKey(inputs: TemplateInputs): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(inputs)))
    .digest('hex')
    .slice(0, 32);
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
