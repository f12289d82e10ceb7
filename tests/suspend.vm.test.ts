import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { busyboxVm } from './harness/busybox-vm.ts';
import { Home, outcome, untilOutput } from './harness/home.ts';
import { killNookd, scriptIn, untilNoVms } from './harness/machines.ts';
import { freePort, readFrom } from './harness/ports.ts';
import { show, text } from './harness/templates.ts';

const SMALL = ['--memory', '128M'];
const IDENTITY = 'hostname; cat /etc/machine-id /sys/class/net/eth0/address';
const SERVE = 'while :; do echo "from the guest" | nc -l -p 80; done';

async function setSaved(dir: string, change: (about: { setup: { version: string } }) => void): Promise<void> {
  const file = join(dir, 'saved/saved.json');
  const manifest = JSON.parse(await readFile(file, 'utf8')) as { about: { setup: { version: string } } };
  change(manifest.about);
  await writeFile(file, JSON.stringify(manifest));
}

describe('a suspended VM', () => {
  it('goes on where it was, with its sessions, ports and identity', async () => {
    await using home = await Home.create();
    const port = await freePort();
    await busyboxVm(home, 'web', '--publish', `${port}:80`);
    const before = await text(home, 'web', `${IDENTITY}; echo kept > /tmp/only-in-memory`);
    await home.ok('vm', 'exec', '-d', 'web', '--', 'sh', '-c', SERVE);
    await home.ok('vm', 'exec', '-d', 'web', '--', 'sh', '-c', 'echo said; exit 7');
    const script = 'echo one; read line; echo "got $line"; exit 3';
    const attached = home.spawn(scriptIn('web', script));
    const left = outcome(attached);
    await untilOutput(attached, /one/);
    expect(await home.ok('vm', 'suspend', 'web')).toBe('web\n');
    expect(await left).toMatchObject({ code: 125, stderr: expect.stringContaining('the VM was suspended') });
    expect(await show(home, 'web')).toMatchObject({ state: 'suspended' });
    expect(await home.surplus()).toEqual([]);
    const refused = await home.nook(['vm', 'exec', 'web', '--', 'true']);
    expect(refused).toMatchObject({ code: 125, stderr: expect.stringContaining("VM 'web' is suspended") });
    expect(await home.ok('vm', 'stop', 'web')).toBe('web\n');
    await home.ok('daemon', 'stop');
    expect(await show(home, 'web')).toMatchObject({ state: 'suspended' });

    await home.ok('vm', 'resume', 'web');
    expect(await show(home, 'web')).toMatchObject({ state: 'running', came_up: 'resume' });
    expect(existsSync(join((await show(home, 'web')).dir, 'saved'))).toBe(false);
    expect(await text(home, 'web', `${IDENTITY}; cat /tmp/only-in-memory`)).toBe(`${before}\nkept`);
    const drift = Number(await text(home, 'web', 'date +%s')) - Date.now() / 1000;
    expect(Math.abs(drift)).toBeLessThan(5);
    const sessions = await home.json<{ session: string; state: string; exit_code?: number }[]>(
      ...['vm', 'exec', '--list', 'web'],
    );
    expect(sessions.map(({ session, state, exit_code }) => [session, state, exit_code])).toEqual([
      ['2', 'running', undefined],
      ['3', 'exited', 7],
      ['4', 'running', undefined],
    ]);
    expect(await home.nook(['vm', 'attach', 'web', '3'])).toMatchObject({ code: 7, stdout: 'said\n' });
    const joined = await home.nook(['vm', 'attach', 'web', '4'], { input: 'word\n' });
    expect(joined).toMatchObject({ code: 3, stdout: 'one\ngot word\n' });
    expect(await readFrom('127.0.0.1', port)).toBe('from the guest\n');

    await text(home, 'web', 'echo again > /tmp/second');
    await home.ok('vm', 'pause', 'web');
    await home.ok('vm', 'suspend', 'web');
    await home.ok('vm', 'start', 'web');
    expect(await text(home, 'web', 'cat /tmp/only-in-memory /tmp/second')).toBe('kept\nagain');
    expect(await home.surplus()).toEqual([]);
  });

  it('is refused on another QEMU and with another disk, keeps its memory, and boots when told to do without', async () => {
    await using home = await Home.create();
    await busyboxVm(home, 'web');
    await text(home, 'web', 'echo disk > /root/file; sync; echo memory > /tmp/file');
    await home.ok('vm', 'suspend', 'web');
    const { dir } = await show(home, 'web');
    let version = '';
    await setSaved(dir, (about) => {
      version = about.setup.version;
      about.setup.version = '6.0';
    });
    const refused = await home.nook(['vm', 'resume', 'web']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`its version of QEMU was 6.0 when it was saved, and is ${version} now`);
    expect(refused.stderr).toContain('nook vm start --discard-ram web');
    expect(await show(home, 'web')).toMatchObject({ state: 'suspended', cause: expect.stringContaining('6.0') });
    await setSaved(dir, (about) => {
      about.setup.version = version;
    });
    await home.ok('vm', 'start', 'web');
    expect(await text(home, 'web', 'cat /tmp/file')).toBe('memory');

    await home.ok('vm', 'suspend', 'web');
    await home.ok('vm', 'start', '--discard-ram', 'web');
    expect(await show(home, 'web')).toMatchObject({ state: 'running', came_up: 'cold' });
    expect(await text(home, 'web', 'cat /root/file; cat /tmp/file 2>/dev/null || echo gone')).toBe('disk\ngone');
    expect(await home.surplus()).toEqual([]);
  });

  it('of --rm is there until it was resumed and its command has ended', async () => {
    await using home = await Home.create();
    const run = ['vm', 'run', '--rm', '--image', 'busybox', ...SMALL, '--name', 'web'];
    const running = home.spawn([...run, '--', 'sh', '-c', 'echo up; read line; echo "$line"']);
    const left = outcome(running);
    await untilOutput(running, /up/);
    await home.ok('vm', 'suspend', 'web');
    expect((await left).code).toBe(125);
    await killNookd(home);
    expect(await show(home, 'web')).toMatchObject({ state: 'suspended' });
    await home.ok('vm', 'resume', 'web');
    expect(await home.nook(['vm', 'attach', 'web', '1'], { input: 'end\n' })).toMatchObject({
      code: 0,
      stdout: 'up\nend\n',
    });
    await untilNoVms(home);
  });
});
