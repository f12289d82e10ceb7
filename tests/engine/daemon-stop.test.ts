import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Home } from '../harness/home.ts';
import { isGone } from '../harness/machines.ts';

const pidOf = async (home: Home) => (await home.json<{ pid: number }>('daemon', 'status')).pid;

it('a daemon that is frozen is ended by force, and by nothing else; the next one takes its place', async () => {
  await using home = await Home.create();
  await home.ok('daemon', 'start');
  const pid = await pidOf(home);
  process.kill(pid, 'SIGSTOP');
  const refused = await home.nook(['daemon', 'stop']);
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toContain('nook daemon stop --force');
  expect(isGone(pid)).toBe(false);
  expect(await home.json('daemon', 'stop', '--force')).toEqual({ state: 'stopped', was_running: true, killed: true });
  expect(isGone(pid)).toBe(true);
  await home.ok('daemon', 'start');
  expect(await pidOf(home)).not.toBe(pid);
}, 120_000);

it('a daemon that is well ends in order by force too; then there is none', async () => {
  await using home = await Home.create();
  await home.ok('daemon', 'start');
  const pid = await pidOf(home);
  expect(await home.json('daemon', 'stop', '--force')).toEqual({ state: 'stopped', was_running: true, killed: false });
  expect(isGone(pid)).toBe(true);
  expect(await home.json('daemon', 'stop', '--force')).toEqual({ state: 'stopped', was_running: false, killed: false });
});

it('a process that got the pid of a daemon, or has its lock open without holding it, is left alone', async () => {
  await using home = await Home.create();
  await home.ok('daemon', 'start');
  await home.ok('daemon', 'stop');
  const lock = join(home.dir, 'run/nookd.lock');
  const fd = openSync(lock, 'r');
  const decoy: ChildProcess = spawn('sleep', ['60'], { stdio: ['ignore', 'ignore', 'ignore', fd] });
  closeSync(fd);
  await once(decoy, 'spawn');
  try {
    writeFileSync(lock, `${decoy.pid}\n`);
    expect(await home.json('daemon', 'stop', '--force')).toMatchObject({ was_running: false });
    expect(isGone(decoy.pid)).toBe(false);
  } finally {
    decoy.kill('SIGKILL');
  }
});
