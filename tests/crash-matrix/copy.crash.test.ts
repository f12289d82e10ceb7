import { describe, expect, it } from 'vitest';
import { FORK_STEPS } from '../../packages/plugin-vm/src/forks/fork-machine.ts';
import { SNAPSHOT_STEPS } from '../../packages/plugin-vm/src/snapshots/create-snapshot.ts';
import { RESTORE_STEPS } from '../../packages/plugin-vm/src/snapshots/restore-snapshot.ts';
import type { Shown } from '../harness/busybox-vm.ts';
import { runCell } from './cell.ts';
import type { Fault } from './faults.ts';
import { innerGates } from './gates.ts';
import { scenes } from './scenes.ts';

const PROCESSES: readonly Fault[] = ['error', 'nookd', 'vmhost'];
const gates = (prefix: string, steps: readonly { readonly name: string }[]) =>
  steps.map(({ name }) => `${prefix}.${name}`);

const COPIES = [
  {
    name: 'a fork',
    command: (vm: string) => ['vm', 'fork', vm],
    gates: [...gates('fork', FORK_STEPS), ...innerGates('fork')],
    faults: PROCESSES,
  },
  {
    name: 'a snapshot',
    command: (vm: string) => ['vm', 'snapshot', 'create', vm, 'second'],
    gates: gates('snapshot', SNAPSHOT_STEPS),
    faults: PROCESSES,
  },
  {
    name: 'a restore',
    command: (vm: string) => ['vm', 'snapshot', 'restore', '--force', vm, 'first'],
    gates: gates('restore', RESTORE_STEPS),
    faults: ['error', 'nookd'] as readonly Fault[],
  },
];

describe.each(COPIES)('$name', ({ command, gates: points, faults }) => {
  const here = scenes();

  for (const gate of points) {
    for (const fault of faults) {
      it(`${fault} at ${gate}`, async () => {
        const vm = await here.runningVm();
        const { home } = here;
        await home.ok('vm', 'exec', vm, '--', 'sh', '-c', 'echo data > /root/file; sync');
        await home.ok('vm', 'snapshot', 'create', vm, 'first');
        await runCell({ ...here, vm, command: command(vm), gate, fault });
        for (const { name } of await home.json<Shown[]>('vm', 'list')) {
          await home.ok('vm', 'start', name);
          expect(await home.ok('vm', 'exec', name, '--', 'cat', '/root/file')).toBe('data\n');
          await home.ok('vm', 'rm', '--force', name);
        }
        expect(await home.surplus()).toEqual([]);
      });
    }
  }
});
