import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { inTurns, neighbour } from '../../in-turns.ts';
import type { Lab } from '../../lab.ts';
import type { Neighbours } from '../../peers/neighbours.ts';
import { atMost, type Row } from '../../row.ts';
import { timed } from '../../statistics.ts';
import { measurement } from './measurement.ts';

const run = promisify(execFile);

/** All that there is, over an open connection. */
export async function listing(lab: Lab, { podman, libvirt }: Neighbours, records: number): Promise<Row> {
  const { own, peers } = await inTurns(
    () => timed(() => lab.call('vm.list')),
    [
      neighbour(podman, 'containers/json', (service) => service.list()),
      neighbour(libvirt, 'list --all in an open virsh', (daemon) => daemon.inShell('list --all')),
      neighbour(libvirt, 'domstats --state, likewise', (daemon) => daemon.inShell('domstats --state')),
    ],
    { count: lab.count(800, 200), warmUp: 50, turnMs: lab.count(1_000, 300) },
  );
  return { measurement, what: `vm.list, ${records} VMs`, unit: 'ms', ...own, target: atMost(1.5), peers };
}

/** The same from a shell, with all that starting a program costs. */
export async function commandLine(lab: Lab, { podman, libvirt }: Neighbours, records: number): Promise<Row> {
  const { own, peers } = await inTurns(
    () => timed(() => lab.home.ok('vm', 'list')),
    [
      { what: 'node -e 0', sample: () => timed(() => run(process.execPath, ['-e', '0'])) },
      neighbour(podman, 'podman --remote ps --all', ({ remote }) => run('podman', [...remote, 'ps', '--all'])),
      neighbour(libvirt, 'virsh list --all', ({ connect }) => run('virsh', [...connect, 'list', '--all'])),
    ],
    { count: lab.count(40, 12), warmUp: 3, turnMs: lab.count(1_000, 300) },
  );
  const [empty] = peers;
  const target = empty !== undefined && 'value' in empty ? { target: atMost(2 * empty.value) } : {};
  return { measurement, what: `nook vm list, ${records} VMs`, unit: 'ms', ...own, ...target, peers };
}
