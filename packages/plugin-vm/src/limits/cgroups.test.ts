import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isPopulated, outOfMemory, readFigures, writeFigures } from './cgroup-files.ts';
import { openDelegation } from './delegated-cgroup.ts';
import { cgroupOf } from './own-cgroup.ts';
import { enterCgroup, removeCgroup } from './vm-cgroup.ts';
import { writableCgroups } from './writable-cgroups.fixture.ts';

const FIGURES = { memory_bytes: 1024 ** 3, cpus: 1.5, pids: 300 };
const MOUNT = writableCgroups();

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'nook-cgroup-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** A /proc with one process. */
function proc(cgroup: string, mountinfo: string): string {
  mkdirSync(join(dir, 'self'));
  writeFileSync(join(dir, 'self/cgroup'), cgroup);
  writeFileSync(join(dir, 'self/mountinfo'), mountinfo);
  return dir;
}

describe('the cgroup of a process', () => {
  it.each([
    ['on a host with cgroup v2 alone', '/', '/sys/fs/cgroup', '/sys/fs/cgroup/user.slice/a b'],
    ['in a container that sees a part', '/user.slice', '/sys/fs/cgroup', '/sys/fs/cgroup/a b'],
    ['beside cgroup v1', '/', '/sys/fs/cgroup/uni\\040fied', '/sys/fs/cgroup/uni fied/user.slice/a b'],
  ])('is found %s', (_what, root, at, expected) => {
    const mountinfo = `24 1 0:22 / /sys rw - sysfs sysfs rw\n25 24 0:26 ${root} ${at} rw,nosuid shared:4 - cgroup2 cgroup2 rw\n`;
    expect(cgroupOf('self', proc('4:memory:/x\n0::/user.slice/a b\n', mountinfo))?.dir).toBe(expected);
  });

  it.each([
    ['without cgroup v2', '4:memory:/x\n', '24 1 0:22 / /sys rw - cgroup cgroup rw\n'],
    ['outside of what is mounted', '0::/other\n', '25 24 0:26 /user.slice /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n'],
    ['outside of its namespace', '0::/../other\n', '25 24 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n'],
  ])('is not known %s', (_what, cgroup, mountinfo) => {
    expect(cgroupOf('self', proc(cgroup, mountinfo))).toBeUndefined();
  });
});

describe('the files of a cgroup', () => {
  const write = (files: Readonly<Record<string, string>>) => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  };

  it('take the figures, and give them back', () => {
    write({ 'memory.max': 'max\n', 'cpu.max': 'max 100000\n', 'pids.max': 'max\n' });
    expect(readFigures(dir)).toEqual({});
    writeFigures(dir, FIGURES);
    expect(readFigures(dir)).toEqual(FIGURES);
  });

  it('of controllers that are not there are neither made nor missed', () => {
    write({ 'pids.max': 'max\n' });
    writeFigures(dir, FIGURES);
    expect(readFigures(dir)).toEqual({ pids: 300 });
    expect(existsSync(join(dir, 'memory.max'))).toBe(false);
  });

  it.each([
    ['nothing', 'oom 0\noom_kill 0\n', undefined],
    ['nothing, although it was tight', 'oom 3\noom_kill 0\n', undefined],
    [
      'the limit',
      'oom 1\noom_kill 2\n',
      'the processes of the VM may take 512 MiB of memory together, and needed more',
    ],
    ['the host', 'oom 0\noom_kill 1\n', 'the host ran out of memory'],
  ])('tell whether it was %s that ended a process', (_what, events, cause) => {
    write({
      'memory.events': `low 0\nhigh 0\nmax 9\n${events}oom_group_kill 0\n`,
      'memory.max': `${512 * 1024 ** 2}\n`,
    });
    expect(outOfMemory(dir)).toBe(cause);
  });
});

describe('a cgroup of the kernel', () => {
  const children = new Set<ChildProcess>();
  let base: string;
  beforeEach(({ skip }) => {
    skip(MOUNT === undefined, 'there is no hierarchy of cgroup v2 that this user may write to');
    base = mkdtempSync(join(MOUNT as string, 'nook-test-'));
    return async () => {
      for (const child of children) child.kill('SIGKILL');
      await removeCgroup(base);
    };
  });

  async function sleeper(): Promise<ChildProcess & { readonly pid: number }> {
    const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
    children.add(child);
    await once(child, 'spawn');
    return child as ChildProcess & { readonly pid: number };
  }

  it('takes a process, and is removed when that is gone', async () => {
    const scope = join(base, 'vm');
    const child = await sleeper();
    await enterCgroup(scope, child.pid, FIGURES);
    expect(cgroupOf(child.pid)?.dir).toBe(scope);
    expect(isPopulated(scope)).toBe(true);
    const removed = removeCgroup(scope);
    child.kill('SIGKILL');
    await removed;
    expect(existsSync(scope)).toBe(false);
    await removeCgroup(scope);
  });

  it('that is to be made where an earlier start left one is made anew', async () => {
    const scope = join(base, 'vm');
    mkdirSync(join(scope), { recursive: true });
    const child = await sleeper();
    await enterCgroup(scope, child.pid, FIGURES);
    expect(cgroupOf(child.pid)?.dir).toBe(scope);
    child.kill('SIGKILL');
    await removeCgroup(scope);
  });

  it('is not left behind for a process that is gone already', async () => {
    const child = await sleeper();
    child.kill('SIGKILL');
    await once(child, 'exit');
    await expect(enterCgroup(join(base, 'vm'), child.pid, FIGURES)).rejects.toThrow('ESRCH');
    expect(existsSync(join(base, 'vm'))).toBe(false);
  });

  it('is removed with what does not end by itself', async () => {
    const scope = join(base, 'vm');
    const child = await sleeper();
    const ended = once(child, 'exit');
    await enterCgroup(scope, child.pid, FIGURES);
    await removeCgroup(scope, 10);
    expect(await ended).toEqual([null, 'SIGKILL']);
    expect(existsSync(scope)).toBe(false);
  });

  it('is opened as the one above for a daemon that has moved into a leaf before', () => {
    expect(openDelegation({ mount: MOUNT as string, dir: join(base, 'nookd') })).toBe(base);
    expect(openDelegation({ mount: MOUNT as string, dir: base })).toBe(base);
    expect(() => openDelegation({ mount: MOUNT as string, dir: join(base, 'none') })).toThrow('is not delegated');
  });
});
