import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import type { DoctorCheck, DoctorFinding } from '@nook/daemonapi';

/** A Debian has users up to 65534. */
const ENOUGH = 65_536;

interface Surroundings {
  /** Of subuid(5) and subgid(5). */
  readonly files: readonly string[];
  readonly user: { readonly username: string; readonly uid: number };
}

/** Whether an ordinary user has the ids that the files of images belong to. */
export function subidsCheck({ files, user }: Surroundings = real()): DoctorCheck {
  return {
    name: 'images.subids',
    run: async () => (user.uid === 0 ? [] : Promise.all(files.map((file) => finding(file, user)))),
  };
}

function real(): Surroundings {
  return { files: ['/etc/subuid', '/etc/subgid'], user: userInfo() };
}

async function finding(file: string, { username, uid }: Surroundings['user']): Promise<DoctorFinding> {
  const item = file;
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n').map((line) => line.split(':'));
  const counts = lines
    .filter(([name]) => name === username || name === String(uid))
    .map(([, , count]) => Number(count));
  const most = Math.max(0, ...counts.filter(Number.isFinite));
  if (most >= ENOUGH) return { status: 'ok', item, evidence: `${most} ids for ${username}` };
  const option = file.endsWith('gid') ? '--add-subgids' : '--add-subuids';
  const repair = `sudo usermod ${option} 100000-165535 ${username}, or another range that nobody has`;
  return { status: 'error', item, evidence: `${most} ids for ${username}, images need ${ENOUGH}`, repair };
}
