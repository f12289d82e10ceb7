import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { Home } from '../harness/home.ts';

interface Vm {
  readonly name: string;
  readonly state: string;
  readonly cause?: string;
  readonly dir: string;
  readonly vmhost_pid?: number;
  readonly features: readonly { name: string; part?: unknown; cleanup_due?: boolean }[];
}

const TEXT = 'a text, with "quotes" and ünïcode';

/** A home whose daemon has the seed-drive example and a feature that fails as it is told. */
function featureHome(): Promise<Home> {
  const command = JSON.stringify([process.execPath, join(import.meta.dirname, 'seed-daemon.ts')]);
  return Home.create({ config: `[daemon]\ncommand = ${command}\n[vm.templates]\nauto = false\n` });
}

const seed = (more: object = {}) => ['--feature', `seed-drive=${JSON.stringify({ text: TEXT, ...more })}`];
const probe = (part: object) => ['--feature', `probe=${JSON.stringify(part)}`];
const SHAPE = ['--name', 'box', '--image', 'busybox', '--memory', '256M'];

const show = (home: Home) => home.json<Vm>('vm', 'show', 'box');
const drives = async (home: Home) => JSON.parse(await home.ok('rpc', 'call', 'seed-drive.list', '{}')) as unknown[];
const journal = async (home: Home) =>
  (await readFile(join(home.dir, 'state/probe.log'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => line.replace(' box', ''));

async function kill(pid: number | undefined): Promise<void> {
  process.kill(pid as number, 'SIGKILL');
  await eventually(
    'it is gone',
    () => existsSync(`/proc/${pid}/fd/0`),
    (there) => !there,
  );
}

async function killDaemon(home: Home): Promise<void> {
  await kill((await home.json<{ pid: number }>('daemon', 'status')).pid);
}

describe('a plugin that takes part in VMs', () => {
  it('brings its drive into a machine that asks for it, changes it, and cleans up after each stop', async () => {
    await using home = await featureHome();
    await home.ok('vm', 'run', '-d', ...SHAPE, ...seed());
    expect(await home.ok('vm', 'exec', 'box', '--', 'cat', '/run/seed')).toBe(TEXT);
    const shown = await show(home);
    expect(shown.features).toEqual([
      { name: 'seed-drive', part: { text: TEXT, path: '/run/seed' }, cleanup_due: true },
    ]);
    expect(await drives(home)).toEqual([{ vm: 'box', bytes: Buffer.byteLength(TEXT) }]);
    expect(
      (await home.nook(['vm', 'exec', 'box', '--', 'dd', 'if=/dev/zero', 'of=/dev/vdb', 'count=1'])).code,
    ).not.toBe(0);

    await home.ok('vm', 'feature', 'set', 'box', 'seed-drive', '{"text":"another"}');
    expect(await home.ok('vm', 'exec', 'box', '--', 'cat', '/run/seed')).toBe('another');
    const moved = await home.nook(['vm', 'feature', 'set', 'box', 'seed-drive', '{"text":"x","path":"/run/y"}']);
    expect(moved.stderr).toContain("Feature 'seed-drive' failed in applyChange of VM 'box': The text of 'box' stays");

    await home.ok('vm', 'stop', 'box');
    expect(await drives(home)).toEqual([]);
    expect(existsSync(join(shown.dir, 'features'))).toBe(false);
    await home.ok('vm', 'start', 'box');
    expect(await home.ok('vm', 'exec', 'box', '--', 'cat', '/run/seed')).toBe('another');
    await home.ok('vm', 'rm', '--force', 'box');
    expect(await drives(home)).toEqual([]);
  });

  it('does its work before the first session of a machine that goes with it', async () => {
    await using home = await featureHome();
    const { code, stdout } = await home.nook(['vm', 'run', '--rm', ...SHAPE, ...seed(), '--', 'cat', '/run/seed']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: TEXT });
    expect(await home.json('vm', 'list')).toEqual([]);
    expect(await drives(home)).toEqual([]);
  });

  it('fails a start in its own name, and leaves nothing of it behind', async () => {
    await using home = await featureHome();
    await home.ok('vm', 'create', ...SHAPE, ...seed({ path: '/no/such/folder/seed' }), ...probe({}));
    const { code, stderr } = await home.nook(['vm', 'start', 'box']);
    expect(code).toBe(1);
    expect(stderr).toContain("Feature 'seed-drive' failed in postStart of VM 'box':");
    expect(stderr).toContain('/no/such/folder');
    const failed = await show(home);
    expect(failed).toMatchObject({ state: 'failed', cause: expect.stringContaining("Feature 'seed-drive'") });
    expect(failed.features.map(({ cleanup_due }) => cleanup_due)).toEqual([undefined, undefined]);
    expect(await home.surplus()).toEqual([]);
    expect(await drives(home)).toEqual([]);
    expect(await journal(home)).toEqual(['prepareHost 1', 'postStart 1', 'cleanup 1']);

    await home.ok('vm', 'feature', 'set', 'box', 'seed-drive', JSON.stringify({ text: TEXT }));
    await home.ok('vm', 'start', 'box');
    expect(await home.ok('vm', 'exec', 'box', '--', 'cat', '/run/seed')).toBe(TEXT);
  });

  it('that hangs fails at its deadline, and what came before it is undone', async () => {
    await using home = await featureHome();
    const { code, stderr } = await home.nook([
      'vm',
      'run',
      '-d',
      ...SHAPE,
      ...seed(),
      ...probe({ hangs: 'prepareHost' }),
    ]);
    expect(code).toBe(125);
    expect(stderr).toContain("Feature 'probe' did not finish prepareHost of VM 'box' in 0.5 s.");
    expect(await home.json('vm', 'list')).toEqual([]);
    expect(await home.surplus()).toEqual([]);
    expect(await journal(home)).toEqual(['prepareHost 1', 'cleanup 1', 'cleanup 1']);
  });

  it('is cleaned up when the daemon was killed while it started', async () => {
    await using home = await featureHome();
    await home.ok('daemon', 'start');
    const child = home.spawn(['vm', 'run', '-d', ...SHAPE, ...seed(), ...probe({ hangs: 'postStart' })]);
    await eventually(
      'the guest is up',
      () => journal(home).catch((): string[] => []),
      (lines) => lines.includes('postStart 1'),
    );
    expect(await drives(home)).toHaveLength(1);
    await killDaemon(home);
    child.kill('SIGKILL');
    const found = await eventually(
      'it is told',
      () => show(home),
      ({ features }) => features.every((each) => !each.cleanup_due),
    );
    expect(found).toMatchObject({ state: 'failed', cause: 'its start was interrupted' });
    expect(await home.surplus()).toEqual([]);
    expect(await drives(home)).toEqual([]);
    expect((await journal(home)).at(-1)).toBe('cleanup 1');
    await home.ok('vm', 'feature', 'set', 'box', 'probe', '{}');
    await home.ok('vm', 'start', 'box');
    expect(await home.ok('vm', 'exec', 'box', '--', 'cat', '/run/seed')).toBe(TEXT);
  });

  it('stays with a machine that outlives the daemon, and is cleaned up for one that ended meanwhile', async () => {
    await using home = await featureHome();
    await home.ok('vm', 'run', '-d', ...SHAPE, ...seed(), ...probe({}));
    await killDaemon(home);
    const running = await show(home);
    expect(running.state).toBe('running');
    expect(await drives(home)).toHaveLength(1);
    await killDaemon(home);
    await kill(running.vmhost_pid);
    await eventually(
      'it is cleaned up',
      () => drives(home),
      (left) => left.length === 0,
    );
    expect(await show(home)).toMatchObject({ state: 'failed', cause: 'its vmhost died' });
    expect(await journal(home)).toEqual(['prepareHost 1', 'postStart 1', 'cleanup 1']);
  });

  it('that cannot clean up is called again, and keeps the machine from being removed unless forced', async () => {
    await using home = await featureHome();
    await home.ok('vm', 'run', '-d', ...SHAPE, ...probe({ fails: 'cleanup' }));
    await home.ok('vm', 'stop', 'box');
    expect(await show(home)).toMatchObject({ state: 'stopped', features: [{ cleanup_due: true }] });
    const { stdout } = await home.nook(['doctor']);
    expect(stdout).toContain('box: probe');
    const started = await home.nook(['vm', 'start', 'box']);
    expect(started.stderr).toContain("Feature 'probe' failed in cleanup of VM 'box': as it was asked to");
    const removed = await home.nook(['vm', 'rm', 'box']);
    expect(removed).toMatchObject({ code: 1, stderr: expect.stringContaining('nook vm rm --force box') });
    await home.ok('vm', 'feature', 'set', 'box', 'probe', '{}');
    await home.ok('daemon', 'stop');
    await home.ok('daemon', 'start');
    await eventually(
      'it is cleaned up',
      () => show(home),
      ({ features }) => features[0]?.cleanup_due !== true,
    );
    await home.ok('vm', 'rm', 'box');
  });

  it('adds words for the kernel, and drives that are written to', async () => {
    await using home = await featureHome();
    const raw = join(home.dir, 'with,comma.img');
    const qcow2 = join(home.dir, 'cache.qcow2');
    await writeFile(raw, Buffer.alloc(512));
    await promisify(execFile)('qemu-img', ['create', '-q', '-f', 'qcow2', qcow2, '1M']);
    const added = [
      { path: raw, format: 'raw', read_only: false, serial: 'raw' },
      { path: qcow2, format: 'qcow2', read_only: false, serial: 'cache' },
    ];
    await home.ok('vm', 'run', '-d', ...SHAPE, ...probe({ kernel_args: ['nook.test=1,2'], drives: added }));
    const script = 'cat /proc/cmdline; cat /sys/block/*/serial; echo from the guest > /dev/vdb; echo > /dev/vdc; sync';
    const output = await home.ok('vm', 'exec', 'box', '--', 'sh', '-c', script);
    expect(output).toContain('nook.test=1,2');
    expect(output).toContain('raw');
    expect(output).toContain('cache');
    await home.ok('vm', 'stop', 'box');
    expect((await readFile(raw, 'utf8')).split('\n')[0]).toBe('from the guest');
  });

  it('whose plugin is no longer imported keeps its machines from starting, and is named', async () => {
    await using home = await featureHome();
    await home.ok('vm', 'create', ...SHAPE, ...probe({}));
    await home.ok('daemon', 'stop');
    home.env.NOOK_TEST_WITHOUT_PROBE = '1';
    const { code, stderr } = await home.nook(['vm', 'start', 'box']);
    expect(code).toBe(1);
    expect(stderr).toContain("Feature 'probe' of this VM is served by no plugin of this daemon.");
    expect(await home.surplus()).toEqual([]);
    await home.ok('vm', 'rm', 'box');
  });
});
