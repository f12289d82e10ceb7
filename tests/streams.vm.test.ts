import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxVm, type Shown } from './harness/busybox-vm.ts';
import { Home, outcome } from './harness/home.ts';
import { scriptIn } from './harness/machines.ts';

const MIB = 1024 * 1024;

/** Peak resident size of a process so far, in MiB. */
function peakMib(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

describe('the streams of a command', () => {
  let home: Home;

  beforeAll(async () => {
    home = await Home.create({ warm: true });
    await busyboxVm(home, 'pipe');
  });
  afterAll(() => home[Symbol.asyncDispose]());

  it('carry 100 MiB of random bytes there and back, with bounded memory', async () => {
    const child = home.spawn(['vm', 'run', '--rm', '--image', 'busybox', '--', 'cat']);
    const sent = createHash('sha256');
    const received = createHash('sha256');
    child.stdout?.on('data', (chunk: Buffer) => received.update(chunk));
    const { stdin } = child;
    if (!stdin) throw new Error('no stdin');
    for (let i = 0; i < 100; i++) {
      const block = randomBytes(MIB);
      sent.update(block);
      if (!stdin.write(block)) await once(stdin, 'drain');
    }
    const [vm] = await home.json<Shown[]>('vm', 'list').then((vms) => vms.filter(({ name }) => name !== 'pipe'));
    const { pid: daemon } = await home.json<{ pid: number }>('daemon', 'status');
    expect(peakMib(child.pid as number)).toBeLessThan(200);
    expect(peakMib(vm?.vmhost_pid as number)).toBeLessThan(160);
    expect(peakMib(daemon)).toBeLessThan(200);
    stdin.end();
    const [code] = await once(child, 'close');
    expect(code).toBe(0);
    expect(received.digest('hex')).toBe(sent.digest('hex'));
  });

  it('wait for a slow reader without growing anywhere', async () => {
    const child = home.spawn(scriptIn('pipe', 'dd if=/dev/zero bs=1M count=64 2>/dev/null'));
    const vm = await home.json<Shown>('vm', 'show', 'pipe');
    const before = peakMib(vm.vmhost_pid as number);
    let bytes = 0;
    const { stdout } = child;
    if (!stdout) throw new Error('no stdout');
    for await (const chunk of stdout) {
      bytes += (chunk as Buffer).length;
      if (bytes < 2 * MIB) await delay(20);
    }
    expect(bytes).toBe(64 * MIB);
    expect(peakMib(vm.vmhost_pid as number) - before).toBeLessThan(60);
  });

  it('end when the reader goes: nook exec … | head', async () => {
    const child = home.spawn(['vm', 'exec', 'pipe', '--', 'yes']);
    child.stdout?.once('data', () => child.stdout?.destroy());
    const [code, signal] = await once(child, 'close');
    expect(signal ?? code).not.toBe(0);
    expect((await home.nook(['vm', 'exec', 'pipe', '--', 'echo', 'still there'])).stdout).toBe('still there\n');
  });

  it('reach a command that reads late, and one that reads nothing', async () => {
    const input = randomBytes(3 * MIB);
    const late = await home.nook(scriptIn('pipe', 'sleep 0.3; wc -c'), { input });
    expect(late.stdout.trim()).toBe(String(3 * MIB));
    const never = await home.nook(['vm', 'exec', 'pipe', '--', 'true'], { input });
    expect(never.code).toBe(0);
  });

  it('are forwarded signals without a terminal', async () => {
    const child = home.spawn(scriptIn('pipe', 'trap "echo got it; exit 3" INT; echo up; while :; do sleep 0.1; done'));
    const ended = outcome(child);
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 3, stdout: expect.stringContaining('got it') });
  });

  it('do not wait for background children, and do not kill them', async () => {
    const { code, stdout } = await home.nook(scriptIn('pipe', '(sleep 2; echo late; touch /tmp/survived) & echo now'));
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'now\n' });
    const wait = 'for i in $(seq 100); do [ -e /tmp/survived ] && exit 0; sleep 0.1; done; exit 1';
    expect((await home.nook(scriptIn('pipe', wait))).code).toBe(0);
  });

  it('of a detached session are kept, and can be joined later', async () => {
    const session = (
      await home.ok('vm', 'exec', '-d', 'pipe', '--', 'sh', '-c', 'echo before; sleep 1; echo after; exit 5')
    ).trim();
    const attached = await home.nook(['vm', 'attach', 'pipe', session]);
    expect(attached).toMatchObject({ code: 5, stdout: 'before\nafter\n' });
  });
});
