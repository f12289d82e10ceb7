import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxVm, type Shown } from './harness/busybox-vm.ts';
import { Home, outcome } from './harness/home.ts';
import { freePort } from './harness/ports.ts';

interface Stats {
  readonly name: string;
  readonly state: string;
  readonly missing?: string;
  readonly cpu_percent?: number;
  readonly host_cpu_percent?: number;
  readonly disk_bytes?: number;
  readonly guest?: Readonly<Record<string, number>>;
  readonly vmhost?: { readonly pid: number; readonly memory_bytes: number };
  readonly qemu?: { readonly pid: number; readonly memory_bytes: number };
}

interface Ports {
  readonly listeners: readonly { readonly port: number; readonly address: string; readonly command?: string }[];
  readonly published: readonly { readonly guest_port: number; readonly reached: string }[];
}

describe('the figures of VMs', () => {
  let home: Home;
  let port: number;

  beforeAll(async () => {
    home = await Home.create({ warm: true });
    port = await freePort();
    await busyboxVm(home, 'busy', '--publish', `${port}:80`, '--publish', `${await freePort()}:81`);
    await busyboxVm(home, 'other');
  });
  afterAll(() => home[Symbol.asyncDispose]());

  it('tell what guest and host processes use', async () => {
    await home.ok('vm', 'exec', '-d', 'busy', '--', 'sh', '-c', 'while :; do :; done');
    const seen = await home.json<Stats[]>('vm', 'stats');
    const [busy, other] = seen;
    expect(seen.map(({ name, state }) => `${name} ${state}`)).toEqual(['busy running', 'other running']);
    expect(busy?.cpu_percent).toBeGreaterThan(30);
    expect(busy?.host_cpu_percent).toBeGreaterThan(10);
    expect(other?.cpu_percent).toBeLessThan(busy?.cpu_percent as number);
    const shown = await home.json<Shown>('vm', 'show', 'busy');
    expect(busy).toMatchObject({ qemu: { pid: shown.qemu_pid }, vmhost: { pid: shown.vmhost_pid } });
    expect(busy?.qemu?.memory_bytes).toBeGreaterThan(30 * 1024 ** 2);
    expect(busy?.guest?.memory_total_bytes).toBeLessThan(256 * 1024 ** 2);
    expect(busy?.guest?.memory_total_bytes).toBeGreaterThan(180 * 1024 ** 2);
    expect(busy?.guest?.disk_read_bytes).toBeGreaterThan(100_000);
    expect(busy?.guest?.cpus).toBe(1);
    expect(busy?.guest?.root_total_bytes).toBeGreaterThan(1024 ** 3);
    expect(busy?.disk_bytes).toBeGreaterThan(0);
    expect(await home.ok('vm', 'stats', 'other')).toMatch(/^NAME .*\nother +running +\d+\.\d % +\d+ MiB \/ \d+ MiB/);
  });

  it('are watched, as one line of JSON each time', async () => {
    const child = home.spawn(['vm', 'stats', '--watch', '--json', 'other']);
    const ended = outcome(child);
    let text = '';
    for await (const chunk of child.stdout as AsyncIterable<string>) {
      text += chunk;
      if (text.split('\n').length > 2) break;
    }
    child.kill('SIGINT');
    expect((await ended).code).toBe(130);
    const [first, second] = text.split('\n').map((line) => (line === '' ? [] : (JSON.parse(line) as Stats[])));
    expect(second?.[0]?.guest?.uptime_ms).toBeGreaterThan(first?.[0]?.guest?.uptime_ms as number);
  });

  it('of one that does not answer are marked, and those of others are there', async () => {
    const { qemu_pid } = await home.json<Shown>('vm', 'show', 'other');
    process.kill(qemu_pid as number, 'SIGSTOP');
    try {
      const [busy, other] = await home.json<Stats[]>('vm', 'stats');
      expect(busy?.guest?.cpus).toBe(1);
      expect(other).toMatchObject({ missing: 'The guest did not answer within 2 s.', qemu: { pid: qemu_pid } });
      const { code, stderr } = await home.nook(['vm', 'ports', 'other']);
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('did not answer within 2 s') });
    } finally {
      process.kill(qemu_pid as number, 'SIGCONT');
    }
    const { vmhost_pid } = await home.json<Shown>('vm', 'show', 'other');
    process.kill(vmhost_pid as number, 'SIGSTOP');
    try {
      const [busy, other] = await home.json<Stats[]>('vm', 'stats');
      expect(busy?.guest?.cpus).toBe(1);
      expect(other).toMatchObject({ missing: expect.stringContaining('No answer'), qemu: { pid: qemu_pid } });
    } finally {
      process.kill(vmhost_pid as number, 'SIGCONT');
    }
  });

  it('of one that does not run are few, and of one that is not there an error', async () => {
    await home.ok('vm', 'create', '--name', 'idle', '--image', 'busybox');
    expect(await home.json('vm', 'stats', 'idle')).toEqual([
      { name: 'idle', state: 'created', at: expect.any(Number), missing: expect.stringContaining("'idle' is created") },
    ]);
    expect(await home.nook(['vm', 'stats', 'nobody'])).toMatchObject({ code: 1 });
    expect((await home.json<Stats[]>('vm', 'stats')).map(({ name }) => name)).toEqual(['busy', 'other']);
  });

  it('include the ports that a guest listens on, and whether what is published gets there', async () => {
    await home.ok('vm', 'exec', 'busy', '--', 'httpd', '-p', '80');
    await home.ok('vm', 'exec', 'busy', '--', 'httpd', '-p', '127.0.0.1:81');
    const { listeners, published } = await home.json<Ports>('vm', 'ports', 'busy');
    expect(listeners.map(({ port, address, command }) => `${port} ${address} ${command}`).sort()).toEqual([
      expect.stringMatching(/^80 (::|0\.0\.0\.0) httpd$/),
      '81 127.0.0.1 httpd',
    ]);
    expect(published.map(({ guest_port, reached }) => `${guest_port} ${reached}`)).toEqual([
      '80 yes',
      '81 loopback_only',
    ]);
    const { stdout, stderr } = await home.nook(['vm', 'ports', 'busy']);
    expect(stdout).toMatch(new RegExp(`^PORT .*\\n80/tcp +\\S+ +\\d+ +httpd +127\\.0\\.0\\.1:${port}\\n81/tcp`));
    expect(stderr).toContain('81/tcp: the guest listens on its loopback only');
  });
});
