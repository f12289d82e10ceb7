import { chown, mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type MachineUser, NookError } from '@nook/daemonapi';
import { execa } from 'execa';
import { DISK_FILE, VM_FILES } from '../vmhost/host-spec.ts';
import type { MachineRecord } from './records.ts';

/**
 * The VM's own disk: a qcow2 overlay on the immutable image, made when the VM first starts.
 * @throws NookError `conflict` when a VM that ran before has lost its disk or its image
 */
export async function ensureOverlay(dir: string, record: MachineRecord, user: MachineUser | undefined): Promise<void> {
  const machineDir = join(dir, VM_FILES.machine);
  const disk = join(machineDir, DISK_FILE);
  if (!(await exists(record.shape.image_path))) throw lost(record, `its image ${record.shape.image_digest} is gone`);
  if (await exists(disk)) return;
  if (record.run.boot > 0 && (await exists(join(dir, VM_FILES.spec)))) throw lost(record, 'its disk is gone');
  await mkdir(machineDir, { recursive: true, mode: 0o700 });
  const partial = `${disk}.tmp`;
  await rm(partial, { force: true });
  const size = String(record.shape.disk_bytes);
  await execa('qemu-img', [
    'create',
    '-q',
    '-f',
    'qcow2',
    '-F',
    'raw',
    '-b',
    record.shape.image_path,
    partial,
    size,
  ]).catch((cause: Error & { stderr?: string; code?: string }) => {
    const words = cause.code === 'ENOENT' ? 'the program qemu-img is missing' : (cause.stderr ?? cause.message);
    throw new NookError('unavailable', `The disk of '${record.name}' could not be made: ${words}`, {
      hint: 'See what the host lacks: nook doctor',
      cause,
    });
  });
  if (user) {
    await chown(partial, user.uid, user.gid);
    await chown(machineDir, user.uid, user.gid);
  }
  await rename(partial, disk);
}

function lost(record: MachineRecord, what: string): NookError {
  return new NookError('conflict', `VM '${record.name}' cannot start: ${what}.`, {
    hint: `Remove it: nook vm rm ${record.name}`,
  });
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
