import type { DoctorCheck, FeatureGuest, Logger, VmFeature } from '@nook/daemonapi';
import type { FileSync } from '../config.ts';
import { readSource, targetOf } from './read-source.ts';

/** `$1` the file, `$2` its mode, `$3` its owner: as a whole or not at all. */
const PUT_SCRIPT = `
set -e
umask 022
[ ! -d "$1" ] || { echo "there is a folder" >&2; exit 1; }
mkdir -p -- "\${1%/*}/"
new=$1.nook-new
trap 'rm -f -- "$new"' EXIT
(umask 077 && cat >"$new")
chown -- "$3" "$new"
chmod -- "$2" "$new"
mv -f -- "$new" "$1"
`;

export interface FileSyncOptions {
  readonly files: () => readonly FileSync[];
  readonly home: string;
  readonly log: Logger;
}

/** Brings files of the host into every VM made while there are any. What cannot be brought is told, and keeps no VM from starting. */
export function fileSyncFeature({ files, home, log }: FileSyncOptions): VmFeature {
  return {
    name: 'file-sync',
    get takesPart() {
      return files().length > 0 ? 'always' : 'asked';
    },
    async postStart(vm, guest) {
      await Promise.all(
        files().map(async (file) => {
          const why = await bring(file, guest, home);
          if (why !== undefined) log.warn({ vm: vm.name, file: file.source, why }, 'a file was not brought into a VM');
        }),
      );
    },
  };
}

/** @returns why it was not brought */
async function bring(file: FileSync, guest: FeatureGuest, home: string): Promise<string | undefined> {
  const read = await readSource(file, home);
  if ('why' in read) return read.why;
  const argv = ['sh', '-c', PUT_SCRIPT, 'nook', targetOf(file, home), file.mode, file.owner];
  const { exit_code: code, stderr } = await guest.exec({ argv, stdin: read.bytes });
  return code === 0 ? undefined : `the guest did not take it: ${stderr.trim() || `exit code ${code}`}`;
}

/** Whether what is to be brought could be. */
export function fileSyncCheck({ files, home }: Omit<FileSyncOptions, 'log'>): DoctorCheck {
  return {
    name: 'workspace.file-sync',
    run: () =>
      Promise.all(
        files().map(async (file) => {
          const read = await readSource(file, home);
          const item = file.source;
          if ('bytes' in read) return { status: 'ok' as const, item, evidence: `goes to ${targetOf(file, home)}` };
          const repair = 'Put it there, or take it out of [[workspace.file_sync]] in config.toml.';
          return { status: 'warning' as const, item, evidence: `no VM gets it: ${read.why}`, repair };
        }),
      ),
  };
}
