import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { busyboxVm, type Shown } from './harness/busybox-vm.ts';
import { Home } from './harness/home.ts';

interface Finding {
  readonly check: string;
  readonly item: string;
  readonly status: string;
  readonly evidence: string;
  readonly fix?: string;
  readonly fixed?: string;
}

/** What a vmhost of this folder looks like from outside, and what only SIGKILL ends. */
async function decoy(dir: string): Promise<ChildProcess> {
  const idle = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1e9); console.log('up')";
  const child = spawn(process.execPath, ['-e', idle, 'vmhost.mjs', dir], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(child.stdout, 'data');
  return child;
}

const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

it('doctor finds what belongs to nothing and what others may read, says what it would do, does it, and touches no VM', async () => {
  await using home = await Home.create({ warm: true });
  await busyboxVm(home, 'up');
  await home.ok('vm', 'create', '--image', 'busybox', '--memory', '256M', '--name', 'off');
  const off = await home.json<Shown>('vm', 'show', 'off');
  const stray = join(home.dir, 'state/vms/0123456789ab');
  const layer = join(home.dir, 'state/layers/0123456789abcdef.qcow2');
  const socket = join(home.dir, 'run/nookd.sock');
  await mkdir(join(stray, 'machine'), { recursive: true });
  await mkdir(join(home.dir, 'state/layers'), { recursive: true });
  await writeFile(layer, '');
  await chmod(join(home.dir, 'state'), 0o755);
  await chmod(socket, 0o666);
  using ends = new DisposableStack();
  const decoys: ChildProcess[] = [];
  for (const dir of [stray, off.dir]) decoys.push(ends.adopt(await decoy(dir), (child) => void child.kill('SIGKILL')));
  const ended = decoys.map((child) => once(child, 'exit'));

  const report = async (...flags: string[]) => {
    const { code, stdout } = await home.nook(['doctor', ...flags, '--json']);
    const { findings } = JSON.parse(stdout) as { findings: Finding[] };
    return { code, ours: findings.filter(({ check }) => /^daemon\.(dir|sock)|^vm\.invariants$/.test(check)) };
  };
  const found = await report();
  expect(found.code).toBe(1);
  const broken = found.ours.filter(({ status }) => status !== 'ok');
  expect(broken.map(({ item }) => item).toSorted()).toEqual(
    ["VM 'off'", 'directory state', 'folder 0123456789ab', 'layers', 'socket'].toSorted(),
  );
  expect(broken.find(({ item }) => item === 'folder 0123456789ab')?.evidence).toContain(String(decoys[0]?.pid));

  const dry = await home.nook(['doctor', '--fix', '--dry-run']);
  expect(dry.stdout.match(/would do: /g)).toHaveLength(broken.length);
  expect([existsSync(stray), existsSync(layer), await mode(socket)]).toEqual([true, true, '666']);
  expect(decoys.map(({ exitCode, signalCode }) => exitCode ?? signalCode)).toEqual([null, null]);
  expect((await home.nook(['doctor', '--dry-run'])).stderr).toContain('--dry-run goes with --fix');

  const fixed = await report('--fix');
  expect(
    fixed.ours
      .filter((finding) => finding.fixed !== undefined)
      .map(({ item }) => item)
      .toSorted(),
  ).toEqual(broken.map(({ item }) => item).toSorted());
  await Promise.all(ended);
  expect([existsSync(stray), existsSync(layer), await mode(socket)]).toEqual([false, false, '600']);
  expect(await mode(join(home.dir, 'state'))).toBe('700');
  const after = await report();
  expect(after.ours.filter(({ status }) => status !== 'ok')).toEqual([]);
  expect(await home.ok('vm', 'exec', 'up', '--', 'echo', 'here')).toBe('here\n');
  expect(await home.surplus()).toEqual([]);
});

it('with --strict a warning is an exit code of 1', async () => {
  await using home = await Home.create();
  await chmod(join(home.dir, 'config'), 0o755);
  const outcome = (...flags: string[]) => home.nook(['doctor', ...flags]);
  expect((await outcome('--strict')).code).toBe(1);
  expect((await outcome()).stdout).toContain('directory config');
});
