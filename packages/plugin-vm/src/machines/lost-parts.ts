import { join } from 'node:path';
import { fileExists } from '../file-exists.ts';
import { VM_FILES } from '../vmhost/host-spec.ts';
import type { MachineRecord } from './records.ts';

interface Parts {
  /** The VM's folder. */
  readonly dir: string;
  /** What it writes to. Absolute. */
  readonly disk: string;
  /** The disk stands on a frozen layer, so that it was there before the VM first started. */
  readonly layered: boolean;
}

/** What a VM misses that it had, as a sentence goes on; undefined: nothing. */
export async function lostPart({ shape, run, unreadable }: MachineRecord, parts: Parts): Promise<string | undefined> {
  const { dir, disk, layered } = parts;
  if (unreadable !== undefined) return `its record cannot be read: ${unreadable}`;
  if (!(await fileExists(shape.image_path))) return `its image ${shape.image_digest} is gone`;
  if (await fileExists(disk)) return undefined;
  const had = layered || run.kernel !== undefined || (run.boot > 0 && (await fileExists(join(dir, VM_FILES.spec))));
  if (!had) return undefined;
  return (await fileExists(dir)) ? 'its disk is gone' : `its folder ${dir} is gone`;
}
