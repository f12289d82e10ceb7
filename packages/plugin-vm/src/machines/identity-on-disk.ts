import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProcessIdentity } from '@nook/wire';
import { type HostSpec, VM_FILES } from '../vmhost/host-spec.ts';

/** Who a VM's vmhost is, by its pid file; with only the token known when that file is gone. */
export async function identityOnDisk(dir: string): Promise<ProcessIdentity | undefined> {
  try {
    return JSON.parse(await readFile(join(dir, VM_FILES.pid), 'utf8')) as ProcessIdentity;
  } catch {
    return tokenOnly(dir);
  }
}

async function tokenOnly(dir: string): Promise<ProcessIdentity | undefined> {
  try {
    const { token } = JSON.parse(await readFile(join(dir, VM_FILES.spec), 'utf8')) as HostSpec;
    return { pid: 0, start_ticks: '', boot_id: '', token };
  } catch {
    return undefined;
  }
}
