import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Shown } from './harness/busybox-vm.ts';
import { systemdImage } from './harness/debian-image.ts';
import { eventually } from './harness/eventually.ts';
import { Home, untilOutput } from './harness/home.ts';

const STUCK = `[Service]
ExecStart=/bin/sleep infinity
ExecStop=/bin/sleep infinity
TimeoutStopSec=900
`;

describe.each([
  ['without udev', []],
  ['with udev', ['udev']],
] as const)('systemd as PID 1, %s', (_what, packages) => {
  let home: Home;
  let image: string;

  beforeAll(async () => {
    home = await Home.create();
    image = await systemdImage(home, packages);
  });
  afterAll(() => home[Symbol.asyncDispose]());

  const shell = (script: string) => home.ok('vm', 'exec', 'sys', '--', 'sh', '-c', script);
  const shown = () => home.json<Shown>('vm', 'show', 'sys');

  it('is running, with nothing failed, and waits for no device', async () => {
    const flags = ['--name', 'sys', '--image', image, '--init', 'image'];
    const argv = ['systemctl', 'is-system-running', '--wait'];
    const { code, stdout } = await home.nook(['vm', 'run', ...flags, '--', ...argv]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'running\n' });
    expect(await shell('systemctl list-jobs --no-legend; systemctl --failed --no-legend')).toBe('');
  });

  it('has the identity that it was given before systemd began', async () => {
    const files = 'cat /etc/machine-id; systemd-id128 machine-id; cat /sys/class/net/eth0/address /etc/resolv.conf';
    const [hostname, id, known, mac, resolver, own] = (await shell(`hostname; ${files}; getent hosts sys`)).split('\n');
    expect(hostname).toBe('sys');
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(known).toBe(id);
    expect(mac).toMatch(/^52:54:00:/);
    expect(resolver).toBe('nameserver 10.0.2.3');
    expect(own).toMatch(/^127\.0\.1\.1 +sys$/);
  });

  it('leaves the agent alone: it is in no unit, and survives an isolate', async () => {
    expect(await shell('cat /proc/self/cgroup')).toBe('0::/nook\n');
    await shell('systemctl isolate rescue.target --no-block; systemctl isolate multi-user.target');
    expect(await shell('echo here')).toBe('here\n');
  });

  it('keeps the deadline of a stop although a service does not end', async () => {
    await shell(`cat >/etc/systemd/system/stuck.service <<'END'\n${STUCK}END\nsystemctl start stuck`);
    await home.ok('vm', 'stop', '--timeout', '8', 'sys');
    expect(await home.ok('vm', 'logs', 'sys')).toContain("the image's init did not power off in time");
    expect(await shown()).toMatchObject({ state: 'stopped', cause: 'stopped as asked' });
    await home.ok('vm', 'start', 'sys');
    await shell('rm /etc/systemd/system/stuck.service');
  });

  it('ends its services in their order when it is stopped', async () => {
    await shell('systemd-run --unit mark --property ExecStop="/bin/sh -c \'echo ended >/root/mark\'" sleep infinity');
    await home.ok('vm', 'stop', 'sys');
    await home.ok('vm', 'start', 'sys');
    expect(await shell('cat /root/mark')).toBe('ended\n');
  });

  it('ends a running command with the machine when the guest powers off', async () => {
    const command = home.spawn(['vm', 'exec', 'sys', '--', 'sh', '-c', 'echo begun; exec sleep 1000']);
    await untilOutput(command, /begun/);
    const over = new Promise((resolve) => command.once('close', resolve));
    await shell('systemctl poweroff');
    await over;
    const ended = await eventually('the end of the VM', shown, ({ state }) => state === 'stopped');
    expect(ended.cause).toBe('the guest powered off');
  });
});
