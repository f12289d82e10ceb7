import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemdImage } from './harness/debian-image.ts';
import { eventually } from './harness/eventually.ts';
import { Home, ROOT } from './harness/home.ts';
import type { Report } from './harness/limits-program.ts';

const FIGURES = { memory_bytes: 160 * 1024 ** 2, cpus: 1.5, pids: 100 };
const FILES = { 'memory.max': String(FIGURES.memory_bytes), 'cpu.max': '150000 100000', 'pids.max': '100' };
const STARVED = 'the processes of the VM may take 160 MiB of memory together, and needed more';

/** A host with systemd is needed, as which a guest serves. */
describe('on a host with systemd', () => {
  let home: Home;

  beforeAll(async () => {
    home = await Home.create();
    const image = await systemdImage(home, ['libpam-systemd']);
    await home.ok('vm', 'run', '-d', '--name', 'sys', '--image', image, '--init', 'image');
    await shell('systemctl is-system-running --wait');
    const dir = await mkdtemp(join(tmpdir(), 'nook-limits-'));
    try {
      const outfile = join(dir, 'limits.mjs');
      await build({
        ...{ entryPoints: [join(ROOT, 'tests/harness/limits-program.ts')], outfile, bundle: true },
        ...{ platform: 'node', format: 'esm', logLevel: 'error' },
      });
      await home.ok('vm', 'cp', await realpath(process.execPath), 'sys:/opt/node');
      await home.ok('vm', 'cp', outfile, 'sys:/opt/limits.mjs');
    } finally {
      await rm(dir, { recursive: true });
    }
    await shell('chmod 0755 /opt/node; chmod 0644 /opt/limits.mjs; useradd --create-home tester');
    await shell('loginctl enable-linger tester; systemctl start user@$(id -u tester)');
  });
  afterAll(() => home[Symbol.asyncDispose]());

  const shell = (script: string) => home.ok('vm', 'exec', 'sys', '--', 'sh', '-c', script);
  const asTester = (script: string) => home.ok('vm', 'exec', '--user', 'tester', 'sys', '--', 'sh', '-c', script);
  const report = (text: string) => JSON.parse(text) as Report;
  const gone = (dir: string | undefined) =>
    eventually(
      `${dir} is gone`,
      () => shell(`test -e ${dir} && echo there || echo gone`),
      (is) => is === 'gone\n',
    );

  it("a VM of root's is in a scope of the system's", async () => {
    const { limits, host, shown, ms } = report(await shell('/opt/node /opt/limits.mjs daemon auto 1 1'));
    console.log(`put into a scope within ${ms} ms`);
    const scope = 'nook-vm-1.scope';
    const cgroup = `/sys/fs/cgroup/nook.slice/${scope}`;
    expect(limits).toEqual({ kind: 'systemd', scope, cgroup, ...FIGURES });
    expect(host).toEqual({ cgroup: `/nook.slice/${scope}`, files: FILES, signal: null });
    expect(shown?.trim().split('\n').toSorted()).toEqual([
      'CPUQuotaPerSecUSec=1.500000s',
      'CollectMode=inactive-or-failed',
      'KillSignal=28',
      'MemoryMax=167772160',
      'Slice=nook.slice',
      'TasksMax=100',
    ]);
    await gone(cgroup);
    expect(await shell(`systemctl show ${scope} -p LoadState`)).toBe('LoadState=not-found\n');
  });

  it('what takes more memory than the scope may is ended, and it is known why', async () => {
    const { limits, host } = report(await shell('/opt/node /opt/limits.mjs daemon systemd 2 400'));
    expect(host).toMatchObject({ signal: 'SIGKILL', starved: STARVED });
    await gone(limits.cgroup);
  });

  it('a scope that an earlier start left is replaced', async () => {
    const unit = 'nook-vm-3.scope';
    await shell(`systemd-run --unit ${unit} --scope -q sh -c 'echo $$ >/run/left; exec sleep 1000' &`);
    await eventually(
      'it is there',
      () => shell(`systemctl is-active ${unit} || true`),
      (is) => is === 'active\n',
    );
    const { limits, host } = report(await shell('/opt/node /opt/limits.mjs daemon auto 3 1'));
    expect(limits).toMatchObject({ kind: 'systemd', ...FIGURES });
    expect(host.files).toEqual(FILES);
    await gone(limits.cgroup);
    expect(await shell('test -e /proc/$(cat /run/left) || echo gone')).toBe('gone\n');
  });

  it("a VM of a user's is in a scope of that user's manager", async () => {
    const { limits, host, shown } = report(
      await asTester('XDG_RUNTIME_DIR=/run/user/$(id -u) /opt/node /opt/limits.mjs daemon auto 4 400'),
    );
    expect(limits).toMatchObject({ kind: 'systemd', scope: 'nook-vm-4.scope', ...FIGURES });
    expect(limits.reason).toBeUndefined();
    expect(limits.cgroup).toMatch(/\/user@\d+\.service\/nook\.slice\/nook-vm-4\.scope$/);
    expect(shown).toContain('MemoryMax=167772160');
    expect(host).toMatchObject({ files: FILES, signal: 'SIGKILL', starved: STARVED });
    await gone(limits.cgroup);
  });

  it('a user whose manager would end gets no limits, and the reason', async () => {
    await shell('useradd --create-home passer; systemctl start user@$(id -u passer)');
    const argv = 'XDG_RUNTIME_DIR=/run/user/$(id -u) /opt/node /opt/limits.mjs daemon auto 5 1';
    const { limits } = report(await home.ok('vm', 'exec', '--user', 'passer', 'sys', '--', 'sh', '-c', argv));
    expect(limits.kind).toBe('none');
    expect(limits.reason).toContain("ends with the user's last session");
  });

  describe.each([
    ['root', ''],
    ['a user', '-p User=tester'],
  ])('in a cgroup that is delegated to %s', (who, property) => {
    const run = `systemd-run --wait --pipe -q -p Delegate=yes ${property}`;
    const id = who === 'root' ? 6 : 7;

    it('a VM is in one below', async () => {
      const { limits, host, cgroup } = report(await shell(`${run} /opt/node /opt/limits.mjs daemon cgroup ${id} 400`));
      expect(limits).toMatchObject({ kind: 'cgroup', scope: `nook-vm-${id}.scope`, ...FIGURES });
      expect(limits.reason).toBeUndefined();
      expect(host).toMatchObject({ files: FILES, signal: 'SIGKILL', starved: STARVED });
      expect(cgroup).toMatch(/^\/system\.slice\/run-.*\.service\/nookd$/);
      await gone(limits.cgroup);
    });
  });

  it('one that others are in is not divided', async () => {
    const script = '(setsid sleep 1000 &); exec /opt/node /opt/limits.mjs daemon cgroup 8 1';
    const { limits, host, cgroup } = report(
      await shell(`systemd-run --wait --pipe -q -p Delegate=yes sh -c '${script}'`),
    );
    expect(limits).toEqual({ kind: 'none', reason: expect.stringContaining('1 other processes in it') });
    expect(cgroup).toMatch(/^\/system\.slice\/run-.*\.service$/);
    expect(host.cgroup).toBe(cgroup);
  });
});
