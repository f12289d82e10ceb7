import { join } from 'node:path';
import { NookError } from '@nook/daemonapi';
import type { LogSource } from '../contract.ts';
import { consoleFile, VM_FILES } from '../vmhost/host-spec.ts';

/** Which file a log is in, and which lines of it belong to it. */
export interface LogPlace {
  readonly path: string;
  /** Absent: the bytes as they are. */
  readonly holds?: (line: string) => boolean;
}

/** QEMU's words are in the vmhost's log: it reads them. */
const MACHINE_STDERR = '"machine_stderr":';

export function logPlace(dir: string, source: LogSource, boot: number): LogPlace {
  if (source === 'console') return { path: join(dir, consoleFile(boot)) };
  // Lines without a boot are those of vmhosts that did not write it.
  const ofBoot = (line: string) => line.includes(`"boot":${boot},`) || !line.includes('"boot":');
  return {
    path: join(dir, VM_FILES.log),
    holds: source === 'vmhost' ? ofBoot : (line) => line.includes(MACHINE_STDERR) && ofBoot(line),
  };
}

export function noSuchLog(
  name: string,
  { source, boot, latest }: { source: LogSource; boot: number; latest: number },
): NookError {
  return new NookError('not_found', `VM '${name}' has no ${source} log of boot ${boot}.`, {
    hint: `The latest boot is ${latest}; how many are kept is set by [vm] keep_boots.`,
  });
}
