import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { copyFile, open, readFile, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { busyboxVm, type Shown } from './harness/busybox-vm.ts';
import { eventually } from './harness/eventually.ts';
import { Home, outcome } from './harness/home.ts';
import { noNetworks } from './harness/no-networks.ts';
import { freePort, readFrom } from './harness/ports.ts';
import { built, homeWith, operations, show, templateDir, templates, text } from './harness/templates.ts';

const AT_ONCE = ['[vm.templates]', 'idle_seconds = 0'];
const BUILD = 'vm.template.build';
/** A guest's clock is right within this. */
const CLOCK_SECONDS = 1;
const SERVE = 'while :; do echo "from the guest" | nc -l -p 80; done';

describe('a template', () => {
  it('is made when nothing else starts, and VMs that begin as it share nothing', async () => {
    await using home = await homeWith(...AT_ONCE);
    await busyboxVm(home, 'cold');
    expect(await show(home, 'cold')).toMatchObject({ state: 'running', came_up: 'cold' });
    await built(home, BUILD, 1);
    expect(await templates(home)).toMatchObject([{ image: 'busybox', memory_bytes: 256 * 1024 ** 2 }]);
    const port = await freePort();
    // A clock that nobody sets in the guest is late by this much.
    await aged(home, CLOCK_SECONDS + 2);
    await busyboxVm(home, 'one', '--publish', `${port}:80`);
    await busyboxVm(home, 'two', '--network', 'none');
    for (const name of ['one', 'two']) expect(await show(home, name)).toMatchObject({ came_up: 'template' });

    const facts = [
      'hostname',
      'cat /etc/hostname',
      'cat /etc/machine-id',
      'cat /sys/class/net/eth0/address',
      'head -c 64 /dev/urandom | md5sum',
      'cat /proc/sys/kernel/random/uuid',
    ];
    const [one, two] = await Promise.all(
      ['one', 'two'].map(async (name) => (await text(home, name, facts.join('; '))).split('\n')),
    );
    expect(one?.slice(0, 2)).toEqual(['one', 'one']);
    expect(two?.slice(0, 2)).toEqual(['two', 'two']);
    expect(one).toHaveLength(facts.length);
    for (const [index, value] of (one ?? []).entries()) expect(two?.[index]).not.toBe(value);
    expect(one?.join()).not.toMatch(/template/);

    for (const name of ['one', 'two']) {
      const asked = Date.now() / 1000;
      const seconds = Number(await text(home, name, 'date +%s'));
      expect(seconds).toBeGreaterThanOrEqual(Math.floor(asked) - CLOCK_SECONDS);
      expect(seconds).toBeLessThanOrEqual(Math.ceil(Date.now() / 1000) + CLOCK_SECONDS);
    }

    await text(home, 'one', 'echo mine > /root/file; echo mine > /dev/shm-file; sync');
    await busyboxVm(home, 'three');
    for (const name of ['two', 'three']) {
      expect(await text(home, name, 'ls /root/file /dev/shm-file 2>/dev/null || echo none')).toBe('none');
    }

    await home.ok('vm', 'exec', '-d', 'one', '--', 'sh', '-c', SERVE);
    await text(home, 'one', 'until netstat -ltn | grep -q :80; do sleep 0.1; done');
    expect(await readFrom('127.0.0.1', port)).toBe('from the guest\n');
    await text(home, 'one', 'ping -c 1 -W 5 10.0.2.2');
    expect(await text(home, 'two', 'ip route; ping -c 1 -W 1 10.0.2.2 >/dev/null 2>&1 || echo unreachable')).toBe(
      'unreachable',
    );

    await home.ok('vm', 'restart', 'one');
    expect(await show(home, 'one')).toMatchObject({ state: 'running', came_up: 'cold' });
    expect(await text(home, 'one', 'cat /root/file')).toBe('mine');
    expect(await home.surplus()).toEqual([]);
  });

  it.skipIf(noNetworks)('gives each VM on a network addresses and a MAC of its own', async () => {
    await using home = await Home.create({ warm: true });
    await home.ok('net', 'create', 'back');
    const seen = await Promise.all(
      ['one', 'two'].map(async (name) => {
        await busyboxVm(home, name, '--network', 'back');
        const { came_up, network } = await home.json<Networked>('vm', 'show', name);
        expect(came_up).toBe('template');
        const shown = await text(home, name, 'cat /sys/class/net/eth0/address; ip address show eth0');
        expect(shown).toContain(`inet ${network.address}/`);
        expect(shown).toContain(`inet6 ${network.address6}/`);
        return [shown.split('\n')[0], network.address, network.address6];
      }),
    );
    for (const [index, value] of (seen[0] ?? []).entries()) expect(seen[1]?.[index]).not.toBe(value);
  });

  it('serves a disk that is larger than the image', async () => {
    await using home = await homeWith('[vm.templates]', 'auto = false');
    const size = ['--disk', '12G', '--memory', '256M'];
    expect(await home.json('image', 'warm', 'busybox', ...size)).toMatchObject({ made: true });
    expect(await home.json('image', 'warm', 'busybox', ...size)).toMatchObject({ made: false });
    await busyboxVm(home, 'large', '--disk', '12G');
    expect(await show(home, 'large')).toMatchObject({ came_up: 'template' });
    expect(Number(await text(home, 'large', "df -m / | awk 'END { print $2 }'"))).toBeGreaterThan(11_000);
    await text(home, 'large', 'dd if=/dev/zero of=/root/far bs=1M seek=10500 count=1 2>/dev/null; sync');
    await home.ok('vm', 'restart', 'large');
    expect(await text(home, 'large', 'stat -c %s /root/far')).toBe(String(10_501 * 1024 ** 2));
  });

  it('is not made unasked where auto is false', async () => {
    await using home = await homeWith(...AT_ONCE, 'auto = false');
    await busyboxVm(home, 'one');
    await busyboxVm(home, 'two');
    expect(await show(home, 'two')).toMatchObject({ came_up: 'cold' });
    expect(await operations(home, BUILD)).toEqual([]);
    expect(await templates(home)).toEqual([]);
  });

  it('may be removed or displaced under a VM that maps it', async () => {
    await using home = await homeWith('[vm.templates]', 'auto = false', 'max_count = 1');
    const { key } = await home.json<{ key: string }>('image', 'warm', 'busybox', '--memory', '256M');
    await busyboxVm(home, 'web');
    const other = await home.json<{ key: string }>('image', 'warm', 'busybox', '--memory', '128M');
    expect((await templates(home)).map((template) => template.key)).toEqual([other.key]);
    expect(existsSync(templateDir(home, key))).toBe(false);
    expect(await show(home, 'web')).toMatchObject({ state: 'running', came_up: 'template' });
    // Reads what it never read before, from memory that it shares with the template, and from its disk.
    const read = 'cat /proc/kallsyms | wc -l; find /bin /sbin /etc -type f | xargs cat | wc -c; dmesg | wc -l';
    const counts = (await text(home, 'web', read)).split('\n').map(Number);
    for (const count of counts) expect(count).toBeGreaterThan(10);
    await home.ok('vm', 'template', 'rm', other.key.slice(0, 8));
    expect(await templates(home)).toEqual([]);
    expect(readdirSync(join(home.dir, 'cache/templates'))).toEqual([]);
  });
});

type Networked = Shown & { readonly network: { readonly address: string; readonly address6: string } };

/** Waits until each template is so old. */
async function aged(home: Home, seconds: number): Promise<void> {
  const made = (await templates(home)).map(({ created_at }) => created_at);
  await delay(Math.max(...made) + seconds * 1000 - Date.now());
}

/** Files of a template that are not what was saved. */
const ALTERED: Record<string, (dir: string) => Promise<void>> = {
  'memory has a new time': (dir) => utimes(join(dir, 'memory'), 1, 1),
  'state has a byte flipped': async (dir) => {
    const file = await open(join(dir, 'state'), 'r+');
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, 2_000);
    byte.writeUInt8(byte.readUInt8() ^ 1);
    await file.write(byte, 0, 1, 2_000);
    await file.close();
  },
  'disk is shorter': (dir) => truncate(join(dir, 'disk.qcow2'), 65_536),
};

describe('a template that is not what was saved', () => {
  it('is thrown away, and the VM is booted', async () => {
    await using home = await homeWith('[vm.templates]', 'auto = false');
    for (const [what, alter] of Object.entries(ALTERED)) {
      const { key } = await home.json<{ key: string }>('image', 'warm', 'busybox', '--memory', '256M');
      await alter(templateDir(home, key));
      await busyboxVm(home, 'web');
      const { came_up, fallback } = await show(home, 'web');
      expect({ what, came_up, fallback }).toEqual({ what, came_up: 'cold', fallback: undefined });
      expect(await text(home, 'web', 'hostname')).toBe('web');
      expect(await templates(home)).toEqual([]);
      await home.ok('vm', 'rm', '--force', 'web');
    }
  });

  it('but looks like it fails to load: the VM is booted, says why, and nothing is left of the attempt', async () => {
    await using home = await homeWith('[vm.templates]', 'auto = false');
    const { key } = await home.json<{ key: string }>('image', 'warm', 'busybox', '--memory', '256M');
    const two = await home.json<{ key: string }>('image', 'warm', 'busybox', '--memory', '256M', '--vcpus', '2');
    await replaceState(templateDir(home, key), join(templateDir(home, two.key), 'state'));
    await busyboxVm(home, 'web');
    const shown = await show(home, 'web');
    expect(shown).toMatchObject({ state: 'running', came_up: 'cold' });
    expect(shown.fallback).toMatch(new RegExp(`^template ${key} did not load: `));
    expect(await home.ok('vm', 'show', 'web')).toContain('did not load');
    expect(await home.surplus()).toEqual([]);
    expect((await templates(home)).map((template) => template.key)).toEqual([two.key]);
    expect(await text(home, 'web', 'echo kept > /root/file; sync; hostname')).toBe('web');
    await home.ok('vm', 'restart', 'web');
    expect(await text(home, 'web', 'cat /root/file')).toBe('kept');
  });
});

/** As somebody would who can also write the manifest. */
async function replaceState(dir: string, by: string): Promise<void> {
  await copyFile(by, join(dir, 'state'));
  const manifest = JSON.parse(await readFile(join(dir, 'template.json'), 'utf8')) as Record<string, unknown>;
  const state = createHash('sha256')
    .update(await readFile(by))
    .digest('hex');
  await writeFile(join(dir, 'template.json'), JSON.stringify({ ...manifest, state }));
}

describe('kill -9 of nookd', () => {
  it('while a template is made leaves nothing of it', async () => {
    await using home = await homeWith('[vm.templates]', 'auto = false');
    const warming = home.spawn(['image', 'warm', 'busybox', '--memory', '256M']);
    const ended = outcome(warming);
    await eventually(
      'the guest boots',
      () => operations(home, 'vm.template.warm'),
      ([operation]) => operation?.stages.at(-1)?.stage === 'boot',
    );
    const { pid } = await home.json<{ pid: number }>('daemon', 'status');
    process.kill(pid, 'SIGKILL');
    expect((await ended).code).not.toBe(0);
    await eventually(
      'its processes are gone',
      () => processesNaming(home),
      (pids) => pids.length === 0,
    );
    expect(await operations(home, 'vm.template.warm')).toMatchObject([{ state: 'interrupted' }]);
    expect(await home.surplus()).toEqual([]);
    expect(await templates(home)).toEqual([]);
    expect(readdirSync(join(home.dir, 'state/vms'))).toEqual([]);
    expect(existsSync(join(home.dir, 'cache/templates')) ? readdirSync(join(home.dir, 'cache/templates')) : []).toEqual(
      [],
    );
  });
});

/** Of the machines of this home, also of one without a record. */
async function processesNaming(home: Home): Promise<string[]> {
  const found: string[] = [];
  for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (line.includes(join(home.dir, 'state/vms'))) found.push(line.replaceAll('\0', ' '));
  }
  return found;
}
