import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { busyboxVm, type Shown } from './harness/busybox-vm.ts';
import { eventually } from './harness/eventually.ts';
import { Home } from './harness/home.ts';

/** Sends bytes to the daemon's socket and answers what comes back until it closes. */
function raw(home: Home, bytes: Buffer | string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(join(home.dir, 'run/nookd.sock'));
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
    socket.end(bytes);
  });
}

describe('an operator', () => {
  it("finds an error's op id in the logs of daemon and vmhost", async () => {
    await using home = await Home.create({ warm: true });
    await busyboxVm(home, 'web');
    const { code, stderr } = await home.nook(['vm', 'exec', 'web', '--env', 'X=1', '--', 'x'.repeat(70_000)]);
    expect(code).toBe(125);
    const opId = /op-[a-z0-9]+/.exec(stderr)?.[0] as string;
    const { dir } = await home.json<Shown>('vm', 'show', 'web');
    const lines = (path: string) =>
      readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => line.includes(opId));
    expect(lines(join(home.dir, 'state/logs/nookd.log')).length).toBeGreaterThan(0);
    expect(lines(join(dir, 'vmhost.log')).length).toBeGreaterThan(0);
    for (const line of lines(join(dir, 'vmhost.log'))) expect(JSON.parse(line).op_id).toBe(opId);
  });

  it('reads why VMs are emulated, what is missing, and where things are, from doctor', async () => {
    await using home = await Home.create({ warm: true });
    await busyboxVm(home, 'web');
    const { stdout } = await home.nook(['doctor', '--json']);
    const { accelerator } = await home.json<Shown>('vm', 'show', 'web');
    expect(stdout).toContain(`${accelerator}: `);
    if (accelerator === 'tcg') expect(stdout).toMatch(/kvm/i);
    for (const word of ['qemu-system-x86_64', 'mmdebstrap', join(home.dir, 'state')]) expect(stdout).toContain(word);
  });

  it('gets a suggestion for an unknown key in config.toml, and nothing is started', async () => {
    await using home = await Home.create();
    mkdirSync(join(home.dir, 'config'), { mode: 0o700, recursive: true });
    const file = join(home.dir, 'config/config.toml');
    writeFileSync(file, '[vm]\nvcpu = 2\n');
    const { code, stderr } = await home.nook(['vm', 'list']);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/vcpu/);
    expect(stderr).toMatch(/vcpus/);
    writeFileSync(file, '[netwrok]\n');
    expect((await home.nook(['vm', 'list'])).stderr).toMatch(/network/);
    writeFileSync(file, '[vm]\nvcpus = 2\nmemory = "256MiB"\n');
    const created = JSON.parse(await home.ok('vm', 'create', '--image', 'busybox', '--json'));
    expect(created).toMatchObject({ vcpus: 2, memory_bytes: 256 * 1024 ** 2 });
  });

  it('sees a daemon that shrugs off garbage, long lines and cut connections', async () => {
    await using home = await Home.create();
    await home.ok('vm', 'list');
    expect(await raw(home, '\x00\xff\x80 garbage\n')).toMatch(/"bad_request"/);
    expect(await raw(home, `{"version":1,"method":"ping","params":"${'x'.repeat(5 * 1024 * 1024)}"}\n`)).toMatch(
      /"bad_request"|^$/,
    );
    expect(await raw(home, '{"version":2,"method":"ping"}\n')).toMatch(/"bad_version".*"op_id"/);
    expect(await raw(home, '{"version":1,"method":"vm.lsit"}\n')).toMatch(/"unknown_method"/);
    expect(await raw(home, '{"version":1,"method":"vm.show","params":{"name":7}}\n')).toMatch(/"bad_params"/);
    const line = '{"version":1,"method":"ping"}\n';
    for (let cut = 0; cut < line.length; cut++) await raw(home, line.slice(0, cut));
    expect(await raw(home, line)).toMatch(/"ok":true/);
  });

  it('refuses a hostile archive with its reason, and keeps nothing of it', async () => {
    await using home = await Home.create({ store: undefined as never });
    const tar = join(home.dir, 'evil.tar');
    const { execa } = await import('execa');
    await execa('tar', ['-cf', tar, '--transform', 's,^,../../,', '-P', '/etc/hostname']);
    const { code, stderr } = await home.nook(['image', 'import', 'evil', tar]);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/\.\.\//);
    expect((await home.json<{ name: string }[]>('image', 'list')).map(({ name }) => name)).not.toContain('evil');
  });

  it('can keep everything under a path of 200 bytes', async () => {
    await using outer = await Home.create();
    const deep = join(outer.dir, 'd'.repeat(100), `${'e'.repeat(60)} with, comma`);
    mkdirSync(deep, { recursive: true, mode: 0o700 });
    await using home = await Home.create({ in: deep });
    expect(home.dir.length).toBeGreaterThan(200);
    await busyboxVm(home, 'far');
    expect(await home.ok('vm', 'exec', 'far', '--', 'echo', 'ok')).toBe('ok\n');
  });

  it('can stop and start the daemon under running VMs', async () => {
    await using home = await Home.create({ warm: true });
    await busyboxVm(home, 'web');
    const before = await home.json<Shown>('vm', 'show', 'web');
    await home.ok('daemon', 'stop');
    const after = await eventually(
      'the VM is known',
      () => home.json<Shown>('vm', 'show', 'web'),
      ({ state }) => state === 'running',
    );
    expect(after.qemu_pid).toBe(before.qemu_pid);
    expect(await home.ok('vm', 'exec', 'web', '--', 'echo', 'still')).toBe('still\n');
  });
});
