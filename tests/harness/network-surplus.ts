import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { allProcesses } from '../../packages/wire/src/index.ts';

interface ListedVm {
  readonly id: string;
  readonly state: string;
}

interface ListedNetwork {
  readonly name: string;
  readonly id: string;
  readonly isolated: boolean;
  /** `bridge`: what is made is the host's, and there is no way out of a namespace. */
  readonly mode: string;
  readonly vms: readonly { readonly id: string; readonly name: string }[];
}

export function runs(vms: readonly ListedVm[], id: string): boolean {
  return vms.some((vm) => vm.id === id && (vm.state === 'running' || vm.state === 'paused'));
}

/**
 * Compares networks with what is there: networks with running VMs == nethosts == uplinks == sockets == pid files, and in
 * each of their namespaces running VMs == taps.
 * @returns one sentence for each difference
 */
export function networkSurplus(home: string, networks: readonly ListedNetwork[], vms: readonly ListedVm[]): string[] {
  const folder = join(home, 'state', 'nets');
  const ids = existsSync(folder) ? readdirSync(folder) : [];
  const found = ids
    .filter((id) => !networks.some((network) => network.id === id))
    .map((id) => `folder ${id} belongs to no network`);
  const known = new Set(networks.map(({ id }) => join(folder, id)));
  for (const { pid, dir } of nethosts(folder)) if (!known.has(dir)) found.push(`nethost ${pid} belongs to no network`);
  return [...found, ...networks.flatMap((network) => differences(network, join(folder, network.id), vms))];
}

/** Pids of the nethosts of the network in this folder, and of the programs that lead out of it. */
export function processesOfNetwork(dir: string): { readonly nethosts: number[]; readonly uplinks: number[] } {
  const own = nethosts(dir).map(({ pid }) => pid);
  const uplinks = allProcesses()
    .filter(({ argv }) => argv[0]?.endsWith('slirp4netns') && own.some((pid) => argv.includes(String(pid))))
    .map(({ pid }) => pid);
  return { nethosts: own, uplinks };
}

function differences(network: ListedNetwork, dir: string, vms: readonly ListedVm[]): string[] {
  const running = network.vms.filter(({ id }) => runs(vms, id)).length;
  const up = running > 0 ? 1 : 0;
  const present = processesOfNetwork(dir);
  const counts: [string, number, number][] = [
    ['nethosts', present.nethosts.length, up],
    ['uplinks', present.uplinks.length, network.isolated || network.mode === 'bridge' ? 0 : up],
    ['sockets', existsSync(join(dir, 'nethost.sock')) ? 1 : 0, up],
    ['pid files', existsSync(join(dir, 'nethost.pid')) ? 1 : 0, up],
    ['lists of members', existsSync(join(dir, 'members.json')) ? 1 : 0, up],
    ['taps', present.nethosts.flatMap(tapsOf).length, running],
  ];
  return counts
    .filter(([, there, expected]) => there !== expected)
    .map(([what, there, expected]) => `network ${network.name} has ${there} ${what} instead of ${expected}`);
}

/** Taps of VMs in the namespace of this process. */
function tapsOf(pid: number): string[] {
  const user = process.getuid?.() === 0 ? [] : ['-U', '--preserve-credentials'];
  const links = execFileSync('nsenter', ['-t', String(pid), ...user, '-n', 'ip', '-o', 'link'], { encoding: 'utf8' });
  return links.match(/(?<= )nk[0-9a-f]{12}(?=:)/g) ?? [];
}

function nethosts(folder: string): { readonly pid: number; readonly dir: string }[] {
  return allProcesses().flatMap(({ pid, argv }) => {
    const at = argv.findIndex((word) => word.endsWith('nethost.mjs'));
    const dir = argv[at + 1] ?? '';
    return at > 0 && dir.startsWith(folder) ? [{ pid, dir }] : [];
  });
}
