import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Shown } from './harness/busybox-vm.ts';
import { eventually } from './harness/eventually.ts';
import { Home, outcome, untilOutput } from './harness/home.ts';
import { noNetworks } from './harness/no-networks.ts';
import { freePort } from './harness/ports.ts';

/** Has the service end with a failure, and waits until it has. */
const CRASH = 'pid=$(cat /root/pid); echo >/root/go; while kill -0 $pid 2>/dev/null; do usleep 10000; done';

/** Nowhere else on this machine, this file included. */
const SECRET = `kept-${process.pid}-${'from-all-eyes'.toUpperCase()}`;

interface Done {
  readonly name: string;
  readonly action: string;
  readonly changes: readonly { readonly kind: string; readonly what: string; readonly effect: string }[];
}

describe('nook.toml', () => {
  let home: Home;
  let dir: string;

  const file = () => join(dir, 'nook.toml');
  const write = (web = '', db = '') =>
    writeFile(
      file(),
      `name = "shop"
[machine.web]
image = "busybox"
memory = "256M"
depends_on = ["db"]
files = [{ source = "app.conf", target = "/etc/app/app.conf", mode = "0640" }]
secrets = { token = { env = "SHOP_TOKEN" } }
environment = { GREETING = "\${GREETING:-hello}" }
${web}
[machine.web.service.app]
command = "echo $$ >/root/pid; cat /etc/app/app.conf; mkfifo /root/go 2>/dev/null; read x </root/go; exit 3"
[machine.db]
image = "busybox"
memory = "256M"
network = "none"
${db}
`,
    );
  const project = (...args: string[]) => home.nook([...args, '--file', file()], { env: { SHOP_TOKEN: SECRET } });
  const up = async (...flags: string[]): Promise<Done[]> => {
    const { code, stdout, stderr } = await project('up', '--json', ...flags);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    return JSON.parse(stdout) as Done[];
  };
  const actions = (done: readonly Done[]) => done.map(({ name, action }) => `${name} ${action}`);
  const show = (name: string) => home.json<Shown & { started_at: number; ended_at: number }>('vm', 'show', name);
  const inWeb = (script: string) => home.ok('vm', 'exec', 'shop-web', '--', 'sh', '-c', script);

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'nook-project-test-'));
    home = await Home.create({ warm: true });
    await writeFile(join(dir, 'app.conf'), 'first\n');
    await write();
  });
  afterAll(async () => {
    await home[Symbol.asyncDispose]();
    await rm(dir, { recursive: true, force: true });
  });

  it('brings up what others depend on first, and does nothing the second time', async () => {
    expect(actions(await up('--dry-run'))).toEqual(['shop-db create', 'shop-web create']);
    expect(await home.json('vm', 'list')).toEqual([]);
    // The daemon is started by it.
    await home.ok('daemon', 'stop');
    expect(actions(await up())).toEqual(['shop-db create', 'shop-web create']);
    const [db, web] = [await show('shop-db'), await show('shop-web')];
    expect(db.started_at).toBeLessThan(web.started_at);
    expect(actions(await up())).toEqual(['shop-db none', 'shop-web none']);
    expect(await show('shop-web')).toMatchObject({ started_at: web.started_at, qemu_pid: web.qemu_pid });
    const status = await project('project', 'status');
    expect(status.stdout.split('\n').map((line) => line.split(/ +/).join(' ').trim())).toEqual([
      ...['NAME VM STATE NOTE', 'db shop-db running', 'web shop-web running', 'web/app running', ''],
    ]);
    const script = 'echo $GREETING; cat /etc/app/app.conf';
    const exec = await home.nook(['project', 'exec', '--file', file(), 'web', '--', 'sh', '-c', script]);
    expect(exec).toMatchObject({ code: 0, stdout: 'hello\nfirst\n' });
  });

  it('keeps secrets in the guest’s memory, and leaves none of them here', async () => {
    expect(await inWeb('stat -c %a:%U /run/secrets/token; cat /run/secrets/token')).toBe(`400:root\n${SECRET}`);
    expect(await inWeb('sync; grep " /run/secrets " /proc/mounts')).toMatch(/^nook-secrets \/run\/secrets tmpfs /);
    expect(found('grep', '-rlF', '-D', 'skip', SECRET, home.dir)).toEqual([]);
    expect(processesThatSay(SECRET)).toEqual([]);
    expect(found('grep', '-lF', SECRET, file())).toEqual([]);
  });

  const app = async () => {
    const { stdout } = await project('project', 'status', '--json');
    const machines = JSON.parse(stdout) as { machine: string; services: { state: string; restarts: number }[] }[];
    return machines.find(({ machine }) => machine === 'web')?.services[0];
  };
  const restarted = (times: number) =>
    eventually('the service runs again', app, (seen) => seen?.state === 'running' && seen.restarts === times);

  it('restarts a service that crashes, also one that did while there was no daemon', async () => {
    expect(await app()).toMatchObject({ state: 'running', restarts: 0 });
    const logs = home.spawn(['project', 'logs', '-f', '--file', file(), 'app']);
    const printed = outcome(logs);
    const twice = untilOutput(logs, /first\nfirst\n/);
    await inWeb(CRASH);
    await restarted(1);
    await twice;
    logs.kill('SIGINT');
    expect((await printed).stdout).toBe('first\nfirst\n');
    const shell = home.spawn(['vm', 'exec', 'shop-web', '--', 'sh', '-c', `echo here; read line; ${CRASH}`]);
    const ended = outcome(shell);
    await untilOutput(shell, /here/);
    const { pid } = await home.json<{ pid: number }>('daemon', 'status');
    process.kill(pid, 'SIGKILL');
    shell.stdin?.end('\n');
    expect(await ended).toMatchObject({ code: 0 });
    expect(await restarted(2)).toMatchObject({ exit_code: 3 });
    expect((await project('project', 'logs', 'app')).stdout).toBe('first\nfirst\nfirst\n');
    expect((await project('project', 'logs', 'web/ap')).stderr).toContain("Did you mean 'web/app'?");
    // A daemon that comes back leaves alone what runs.
    await home.ok('daemon', 'stop');
    expect(await app()).toMatchObject({ state: 'running', restarts: 2 });
    expect((await inWeb('ps | grep -c "[r]ead x"')).trim()).toBe('1');
  });

  it('changes what it can while it runs', async () => {
    const before = await show('shop-web');
    const port = await freePort();
    await writeFile(join(dir, 'app.conf'), 'second\n');
    await write(`publish = ["${port}:80"]\n`);
    const [, web] = await up();
    expect(web).toMatchObject({
      action: 'change',
      changes: [
        { kind: 'publish', what: `${port}:80`, effect: 'live' },
        { kind: 'file', what: '/etc/app/app.conf', effect: 'live' },
      ],
    });
    expect(await inWeb('cat /etc/app/app.conf; stat -c %a /etc/app/app.conf')).toBe('second\n640\n');
    expect(await show('shop-web')).toMatchObject({
      qemu_pid: before.qemu_pid,
      network: { publish: [{ host_port: port, guest_port: 80 }] },
    });
    expect(actions(await up())).toEqual(['shop-db none', 'shop-web none']);
  });

  it('asks before anything is lost, and brings secrets again after a restart', async () => {
    await write();
    await up();
    await home.ok('vm', 'restart', 'shop-web');
    expect((await home.nook(['vm', 'exec', 'shop-web', '--', 'ls', '/run/secrets'])).stdout).toBe('');
    await eventually('the service waits for its secret', app, (seen) => seen?.state === 'waiting');
    expect(await up()).toMatchObject([
      { action: 'none' },
      {
        action: 'change',
        changes: [
          { kind: 'secret', what: 'token' },
          { kind: 'service', what: 'app' },
        ],
      },
    ]);
    expect(await app()).toMatchObject({ state: 'running', restarts: 0 });
    expect(await inWeb('cat /run/secrets/token')).toBe(SECRET);

    await write('vcpus = 2\n');
    const refused = await project('up');
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('shop-web would be restarted') });
    const before = await show('shop-web');
    expect(await up('--yes')).toMatchObject([{ action: 'none' }, { action: 'restart' }]);
    expect((await show('shop-web')).started_at).toBeGreaterThan(before.started_at);
    expect(await inWeb('nproc; cat /run/secrets/token')).toBe(`2\n${SECRET}`);
    await write('vcpus = 2\nnetwork = "none"\n', 'depends_on = []');
    expect(await up('--dry-run')).toMatchObject([
      {},
      { action: 'recreate', changes: [{ kind: 'shape', what: 'network' }] },
    ]);
    expect((await project('up')).stderr).toContain('lose the disk');

    // What cannot be made anew is not removed before.
    const { id } = await show('shop-web');
    await write('kernel = "no-such-kernel"\n');
    expect((await project('up', '--yes')).code).toBe(1);
    expect(await show('shop-web')).toMatchObject({ id, state: 'running' });
    await write('network = "none"\n');
    expect(await up('--yes')).toMatchObject([{ action: 'none' }, { action: 'recreate' }]);
    expect((await show('shop-web')).id).not.toBe(id);
    expect(await app()).toMatchObject({ state: 'running' });
    // What is suspended goes on with its service, which is followed again.
    expect((await home.nook(['vm', 'suspend', 'shop-web'])).stderr).toContain(
      "VM 'shop-web' has secrets in its memory, and so has the saved memory: token",
    );
    await home.ok('vm', 'resume', 'shop-web');
    expect(await inWeb('cat /run/secrets/token')).toBe(SECRET);
    expect(await app()).toMatchObject({ state: 'running', restarts: 0 });
    await inWeb(CRASH);
    await restarted(1);
  });

  it('stops what others depend on last, and takes no VM that is somebody else’s', async () => {
    expect((await project('down')).stdout).toBe('shop-web stopped\nshop-db stopped\n');
    expect((await show('shop-web')).ended_at).toBeLessThanOrEqual((await show('shop-db')).ended_at);
    expect((await project('down', '--rm')).stdout).toBe('shop-web removed\nshop-db removed\n');
    await home.ok('vm', 'create', '--image', 'busybox', '--name', 'shop-db');
    expect((await project('up')).stderr).toContain("There is a VM named 'shop-db' that is none of");
    expect((await project('down', '--rm')).stderr).toContain('no machine of');
    expect(await home.json('vm', 'list')).toMatchObject([{ name: 'shop-db' }]);
  });
});

it.skipIf(noNetworks)(`a project has networks of its own (${noNetworks ?? 'there can be one'})`, async () => {
  await using home = await Home.create({ warm: true });
  const file = join(home.dir, 'nook.toml');
  const machine = 'image = "busybox"\nmemory = "256M"\nnetwork = "back"\n';
  const named = `name = "pair"\n[network.back]\nisolated = true\n[machine.a]\n${machine}[machine.b]\n${machine}`;
  await writeFile(file, named);
  expect(await home.ok('up', '--dry-run', '--file', file)).toContain('network pair-back is made');
  await home.ok('up', '--file', file);
  await home.ok('vm', 'exec', 'pair-a', '--', 'ping', '-c', '1', '-W', '10', 'pair-b.nook');
  await writeFile(file, named.replace('isolated = true', ''));
  expect((await home.nook(['up', '--file', file])).stderr).toContain("Network 'pair-back' is not as the file says");
  await home.ok('down', '--rm', '--file', file);
  expect(await home.json('net', 'list')).toEqual([]);
});

/** What a search prints; it fails when nothing is found. */
function found(program: string, ...args: string[]): string[] {
  try {
    return execFileSync(program, args, { encoding: 'utf8' }).split('\n').filter(Boolean);
  } catch (error) {
    if ((error as { status?: number }).status === 1) return [];
    throw error;
  }
}

/** Processes other than this one with a word in their command line or their environment. */
function processesThatSay(word: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) =>
      ['cmdline', 'environ'].some((part) => {
        try {
          return readFileSync(`/proc/${pid}/${part}`).includes(word);
        } catch {
          return false;
        }
      }),
    );
}
