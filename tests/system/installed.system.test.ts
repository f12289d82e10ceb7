import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Home, ROOT } from '../harness/home.ts';
import { InstalledHost } from '../harness/installed-host.ts';

const run = promisify(execFile);
const VERSION = '0.9.1';
const NEWER = '0.9.2';
/** A guest in a guest, both emulated, boots for minutes. */
const CONFIG = '[vm]\nboot_seconds = 480\n[vm.templates]\nauto = false\n';
const ALL = ['nook-roothelper.service', 'nookd.service', 'nookd.socket'];

/** nook's package on a Debian with systemd. One machine for all of it, from the installation to its end. */
describe('nook installed on Debian', () => {
  let home: Home;
  let host: InstalledHost;
  let debs: string;

  beforeAll(async () => {
    home = await Home.create({ commandMs: 300_000 });
    debs = join(home.dir, 'scratch');
    await mkdir(debs);
    await Promise.all([
      InstalledHost.boot(home).then((booted) => {
        host = booted;
      }),
      run(process.execPath, [join(ROOT, 'tools/deb/main.ts'), '--version', VERSION, '--out', debs]),
    ]);
    await repack(debs, VERSION, NEWER);
    await host.put(...[VERSION, NEWER].map((version) => join(debs, `nook_${version}_amd64.deb`)));
    await host.ok('useradd -m -s /bin/sh alice && useradd -m -s /bin/sh bob');
  });
  afterAll(() => home[Symbol.asyncDispose]());

  const dpkg = (version: string) => `dpkg -i /srv/nook_${version}_amd64.deb`;
  const pid = async (unit: string) => (await host.ok(`systemctl show --property=MainPID --value ${unit}`)).trim();

  const pgrep = (words: string) => `pgrep -u alice -f ${words}`;

  it('is without errors to lintian', async ({ skip }) => {
    skip(!(await isThere('lintian')), 'lintian is not installed');
    const { stdout } = await run('lintian', [
      '--allow-root',
      '--fail-on',
      'error',
      join(debs, `nook_${VERSION}_amd64.deb`),
    ]);
    expect(stdout).not.toContain('E: ');
  });

  it('is a program for everybody, and one user’s service by one command', async () => {
    await host.ok(dpkg(VERSION));
    expect(await host.ok('nook version')).toContain(`nook ${VERSION} `);
    await host.ok(`mkdir -p /etc/nook && printf '${CONFIG.replaceAll('\n', '\\n')}' >/etc/nook/config.toml`);
    await host.ok('chown -R alice: /etc/nook && chmod -R go= /etc/nook && nook system install --owner alice');
    expect((await host.ok(`systemctl is-active ${ALL.join(' ')}`)).split('\n')).toEqual([
      'active',
      'active',
      'active',
      '',
    ]);
    expect(JSON.parse(await host.ok('nook system status --json'))).toHaveLength(3);
    const places = 'stat -c "%n %U %a" /run/nook /run/nook/nookd.sock /var/lib/nook /var/lib/nook/nook.db /etc/nook';
    expect((await host.ok(places)).trim().split('\n')).toEqual([
      ...['/run/nook alice 700', '/run/nook/nookd.sock alice 600', '/var/lib/nook alice 700'],
      ...['/var/lib/nook/nook.db alice 600', '/etc/nook alice 700'],
    ]);
  });

  it('is started by the first connection, with no more descriptors than its socket, and serves nobody but its owner', async () => {
    await host.ok('systemctl stop nookd.service');
    expect(await pid('nookd')).toBe('0');
    expect((await host.as('alice', 'nook vm list --json')).stdout).toBe('[]\n');
    const sockets = `ss -xlpH | grep -c 'nookd.sock.*pid=${await pid('nookd')},'`;
    expect((await host.ok(sockets)).trim()).toBe('1');
    expect((await host.as('bob', 'nook version')).code).toBe(0);
    const dial = 'import socket; socket.socket(socket.AF_UNIX).connect("/run/nook/nookd.sock")';
    expect((await host.as('bob', `python3 -c '${dial}'`)).stderr).toContain('PermissionError');
  });

  it('is found by the doctor to be closed as it was installed, and not to be when it is opened', async () => {
    const units = async () => {
      const { findings } = JSON.parse((await host.as('alice', 'nook doctor --json')).stdout) as {
        findings: { check: string; item: string; status: string; evidence: string }[];
      };
      return findings
        .filter(({ check }) => check === 'roothelper.units')
        .map(({ status, evidence }) => `${status}: ${evidence}`);
    };
    expect(await units()).toEqual([expect.stringMatching(/^ok: /), expect.stringMatching(/^ok: /)]);
    const dropIn = '/etc/systemd/system/nookd.service.d/open.conf';
    await host.ok(`printf '[Service]\\nUMask=0000\\n' >${dropIn} && systemctl daemon-reload`);
    expect(await units()).toContain("warning: UMask is '0000', not '0077'");
    await host.ok(`rm ${dropIn} && systemctl daemon-reload`);
    expect(await units()).toEqual([expect.stringMatching(/^ok: /), expect.stringMatching(/^ok: /)]);
  });

  it('runs VMs and networks in scopes of their own, which neither a crash nor an upgrade touches', async () => {
    await host.putImages(String(home.env.NOOK_STORE), debs);
    // The kernel is the one that runs here. Its devices are there before the units, which name them, on a host that boots by itself.
    await host.ok(`mkdir -p /lib/modules && cp -r /var/lib/nook/images/kernels/*/lib/modules/* /lib/modules && depmod &&
      modprobe -a tun bridge && chmod 666 /dev/net/tun && systemctl restart nook-roothelper.service nookd.service`);
    expect((await host.as('alice', 'nook net create back')).code).toBe(0);
    // A guest of an emulated guest boots for minutes: its vmhost and QEMU are there at once, and wait for it.
    await host.ok(`su - alice -c 'nook vm run -d --name inner --image busybox --memory 128M --network back' >/dev/null 2>&1 &
      timeout 120 sh -c 'until pgrep -u alice -f guest=inner; do sleep 0.2; done'`);
    const processes = async () =>
      (await host.ok(['vmhost.mjs', 'guest=inner', 'nethost.mjs', 'slirp4netns'].map(pgrep).join('; ')))
        .trim()
        .split('\n');
    const before = await processes();
    const daemon = await pid('nookd');
    await host.ok(`kill -9 ${daemon} && timeout 60 tail --pid ${daemon} -f /dev/null`);
    // Waits for the daemon that systemd starts instead.
    expect((await host.as('alice', 'nook vm list --json')).stdout).toMatch(/"state": ?"starting"/);
    expect(await processes()).toEqual(before);
    const cgroups = await host.ok(`cat ${before.map((each) => `/proc/${each}/cgroup`).join(' ')}`);
    expect(cgroups).toMatch(/^(0::.*\/nook-vm-[0-9a-f]{12}\.scope)\n\1\n(0::.*\/nook-net-[0-9a-f]{8}\.scope)\n\2\n$/);
    const restarted = await pid('nookd');
    await host.ok(dpkg(NEWER));
    expect(await pid('nookd')).not.toBe(restarted);
    expect(await processes()).toEqual(before);
  });

  it('has the host’s own resolver ask it for names of VMs on a network of the host, for as long as there are any', async () => {
    expect((await host.as('alice', 'nook net create lan --mode bridge')).stderr).toBe('');
    await host.ok(`su - alice -c 'nook vm run -d --name web --image busybox --memory 128M --network lan' >/dev/null 2>&1 &
      timeout 120 sh -c 'until getent hosts web.nook; do sleep 0.2; done'`);
    const { vms } = JSON.parse((await host.as('alice', 'nook net show lan --json')).stdout) as {
      vms: { address: string }[];
    };
    expect(await host.ok('getent ahostsv4 web.nook')).toContain(vms[0]?.address);
    expect((await host.sh('getent hosts nobody.nook')).code).not.toBe(0);
    expect(await host.ok('resolvectl domain')).toMatch(/\(nk[0-9a-z]+\): ~nook/);
    const findings = (await host.as('alice', 'nook doctor --json')).stdout;
    expect(findings).toMatch(/"check": ?"network.names"[^}]*"status": ?"ok"/);
    expect(await host.as('alice', 'nook vm rm --force web')).toMatchObject({ code: 0 });
    await host.ok(`timeout 60 sh -c 'while ip -o link | grep ": nk"; do sleep 0.2; done'`);
    expect(await host.ok('resolvectl domain')).not.toContain('nook');
  });

  it('refuses a downgrade before anything is touched', async () => {
    const { code, stderr } = await host.sh(dpkg(VERSION));
    expect(code).not.toBe(0);
    expect(stderr).toContain(`version ${NEWER} is installed and has written /var/lib/nook/nook.db`);
    expect(await host.ok('dpkg -l nook')).toMatch(new RegExp(`^ii +nook +${NEWER} `, 'm'));
  });

  it('is not removed under a running VM; purged, it leaves nothing', async () => {
    const refused = await host.sh('dpkg --purge nook');
    expect(refused.stderr).toContain('VMs run');
    await host.as('alice', 'nook vm rm --force inner');
    await host.ok('dpkg --purge nook');
    const places = ['/usr/lib/nook', '/usr/bin/nook', '/etc/nook', '/var/lib/nook', '/var/cache/nook', '/run/nook'];
    const left = await host.ok(
      `ls -d ${places.join(' ')} /var/lib/nook-roothelper /etc/systemd/system/*nook* /etc/systemd/system/*/*nook* /etc/tmpfiles.d/nook* /lib/systemd/system/nook* /var/lib/systemd/linger/* 2>/dev/null || :`,
    );
    expect(left).toBe('');
    expect(await host.ok("systemctl list-units --all --no-legend '*nook*' | grep -v slice || :")).toBe('');
    expect(await host.ok('pgrep -af /usr/lib/[n]ook || :')).toBe('');
  });
});

/** The same package under another version. */
async function repack(dir: string, version: string, next: string): Promise<void> {
  const tree = join(dir, 'tree');
  await run('dpkg-deb', ['-R', join(dir, `nook_${version}_amd64.deb`), tree]);
  for (const file of await readdir(join(tree, 'DEBIAN'))) {
    const path = join(tree, 'DEBIAN', file);
    await writeFile(path, (await readFile(path, 'utf8')).replaceAll(version, next));
  }
  await run('dpkg-deb', ['--root-owner-group', '-Zgzip', '-z1', '-b', tree, join(dir, `nook_${next}_amd64.deb`)]);
}

async function isThere(program: string): Promise<boolean> {
  return run('sh', ['-c', `command -v ${program}`]).then(
    () => true,
    () => false,
  );
}
