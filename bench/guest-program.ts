import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { exec } from './exec-session.ts';
import type { Lab } from './lab.ts';

type Name = 'fork-exec-loop' | 'tcp-blocks';

/** The bytes of one of the programs in `guest/`, static, so that it runs in any guest. */
export async function guestProgram(name: Name): Promise<Buffer> {
  const dir = await mkdtemp(join(tmpdir(), 'nook-bench-'));
  try {
    const program = join(dir, name);
    const source = join(import.meta.dirname, 'guest', `${name}.c`);
    await promisify(execFile)('musl-gcc', ['-static', '-Os', '-o', program, source]);
    return await readFile(program);
  } finally {
    await rm(dir, { recursive: true });
  }
}

/** @returns where it is in the guest */
export async function installInGuest(lab: Lab, vm: string, name: Name): Promise<string> {
  const path = `/tmp/${name}`;
  const argv = ['/bin/sh', '-c', `mkdir -p /tmp && cat > ${path} && chmod 755 ${path}`];
  await exec(lab, { vm, argv, input: await guestProgram(name) });
  return path;
}
