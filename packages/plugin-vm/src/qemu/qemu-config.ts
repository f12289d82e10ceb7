import type { VmConfig } from '../config.ts';

/** What of `[vm]` is this driver's. */
export type QemuConfig = Pick<VmConfig, 'qemu' | 'machine' | 'accelerator' | 'aslr'>;
