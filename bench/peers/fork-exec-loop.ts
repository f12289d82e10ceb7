import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { exec, execText } from '../exec-session.ts';
import type { Lab } from '../lab.ts';

const SOURCE = join(import.meta.dirname, '../guest/fork-exec-loop.c');
const IN_GUEST = '/tmp/fork-exec-loop';

/** A static program in the guest that does nothing but fork, execute /bin/true and wait for it. */
export async function installLoop(lab: Lab, vm: string): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'nook-bench-'));
  try {
    const program = join(dir, 'loop');
    await promisify(execFile)('musl-gcc', ['-static', '-Os', '-o', program, SOURCE]);
    const argv = ['/bin/sh', '-c', `cat > ${IN_GUEST} && chmod 755 ${IN_GUEST}`];
    await exec(lab, { vm, argv, input: await readFile(program) });
  } finally {
    await rm(dir, { recursive: true });
  }
}

/** Milliseconds of each of `count` rounds. */
export async function runLoop(lab: Lab, vm: string, count: number): Promise<number[]> {
  const lines = (await execText(lab, { vm, argv: [IN_GUEST, String(count)] })).trim().split('\n');
  return lines.map((microseconds) => Number(microseconds) / 1000);
}
