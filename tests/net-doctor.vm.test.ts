import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { busyboxVm } from './harness/busybox-vm.ts';
import { eventually } from './harness/eventually.ts';
import { Home } from './harness/home.ts';
import { noNetworks } from './harness/no-networks.ts';

interface Finding {
  readonly check: string;
  readonly item: string;
  readonly status: string;
  readonly fixed?: string;
}

describe.skipIf(noNetworks)(`doctor and networks of several VMs (${noNetworks ?? 'there can be one'})`, () => {
  it('finds what was done to a namespace, and that nobody sees blocks; and repairs both under the VM', async () => {
    await using home = await Home.create({ warm: true });
    await home.ok('net', 'create', 'back');
    await busyboxVm(home, 'web', '--network', 'back', '--egress', 'deny');
    const { nethost_pid: nethost = 0 } = await home.json<{ nethost_pid?: number }>('net', 'show', 'back');
    const inNamespace = (line: string) => {
      const user = process.getuid?.() === 0 ? [] : ['--user', '--preserve-credentials'];
      return execFileSync('nsenter', [`--target=${nethost}`, ...user, '--net', 'sh', '-ec', line], {
        encoding: 'utf8',
      });
    };
    const gateway = /inet (\S+)\//.exec(inNamespace('ip -4 -o address show nkbridge'))?.[1] as string;
    const reaches = async () =>
      (await home.nook(['vm', 'exec', 'web', '--', 'ping', '-c1', '-W5', gateway])).code === 0;
    const ours = async (...flags: string[]) => {
      const { findings } = JSON.parse((await home.nook(['doctor', '--json', ...flags])).stdout) as {
        findings: Finding[];
      };
      return findings.filter(({ check }) => check === 'network.nethosts');
    };
    expect(await ours()).toMatchObject([{ status: 'ok', item: 'nethosts' }]);
    expect(await reaches()).toBe(true);

    inNamespace('nft flush ruleset; ip link delete nkbridge');
    const found = (await ours()).map(({ status, item }) => `${status} ${item.replace(/nk[0-9a-f]{12}/, 'TAP')}`);
    for (const what of ['bridge nkbridge', 'tap TAP', 'rules nook'])
      expect(found).toContain(`error ${what} of network 'back'`);
    expect((await ours('--fix')).every(({ fixed }) => fixed !== undefined)).toBe(true);
    expect(await ours()).toMatchObject([{ status: 'ok' }]);
    expect(await reaches()).toBe(true);

    const watch = Number(readFileSync(`/proc/${nethost}/task/${nethost}/children`, 'utf8').trim());
    process.kill(watch, 'SIGKILL');
    await eventually('nobody sees blocks', ours, ([first]) => first?.item === "blocks of network 'back'");
    // It may have been begun again by itself meanwhile.
    expect(await ours('--fix')).toMatchObject([{ status: 'ok' }]);
    await home.nook(['vm', 'exec', 'web', '--', 'timeout', '5', 'nc', '192.0.2.1', '80']);
    await eventually(
      'a block is an event',
      () => home.ok('events', '--since', '0', '--topic', 'net.egress.blocked'),
      (lines) => lines.includes('192.0.2.1'),
    );
    expect(await ours()).toMatchObject([{ status: 'ok' }]);
  });
});
