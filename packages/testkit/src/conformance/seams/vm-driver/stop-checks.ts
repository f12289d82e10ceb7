import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import type { DriverCheck, DriverSubject } from './options.ts';
import { TestVm } from './test-vm.ts';

const SECONDS = 4;

/** The agent is the guest's first process: frozen with whatever else there is, it hears nothing of a stop. */
const FREEZE = [
  'mkdir /tmp/all; mount -t cgroup2 none /tmp/all; mkdir /tmp/all/frozen',
  'echo 1 > /tmp/all/frozen/cgroup.procs; echo 1 > /tmp/all/frozen/cgroup.freeze',
].join('; ');
const SILENT_MS = 500;
const TRIES = 20;

const AFFLICTIONS = {
  'a guest that ignores everything': async (vm: TestVm) => {
    await vm.begin(FREEZE);
    for (let tries = 0; tries < TRIES; tries++) {
      const { said, leave } = await vm.begin('echo alive');
      const answered = await Promise.race([said.then(() => true), setTimeout(SILENT_MS, false)]);
      leave();
      if (!answered) return;
    }
    throw new Error('the guest could not be frozen');
  },
  'a process that stands still': async (vm: TestVm) => {
    process.kill(await vm.pid(), 'SIGSTOP');
  },
};
type Affliction = keyof typeof AFFLICTIONS;

async function endsInTime(
  subject: DriverSubject,
  name: Affliction,
  end: (vm: TestVm) => Promise<unknown>,
): Promise<void> {
  await using vm = await TestVm.running(subject);
  const pid = await vm.pid();
  await AFFLICTIONS[name](vm);
  await end(vm);
  const { state, cause } = await vm.show();
  assert.equal(state, 'stopped', cause);
  await vm.nothingIsLeft(pid);
}

export const stopChecks: readonly DriverCheck[] = [
  ...(Object.keys(AFFLICTIONS) as Affliction[]).flatMap((affliction) => [
    {
      name: `ends ${affliction} by the deadline of a stop`,
      run: (subject: DriverSubject) => endsInTime(subject, affliction, (vm) => vm.stop(SECONDS)),
    },
    {
      name: `ends ${affliction} at once when it is killed`,
      run: (subject: DriverSubject) => endsInTime(subject, affliction, (vm) => vm.verb('kill')),
    },
  ]),
  {
    name: 'ends at once when a stop in progress is forced',
    async run(subject) {
      await using vm = await TestVm.running(subject);
      const pid = await vm.pid();
      await AFFLICTIONS['a guest that ignores everything'](vm);
      const stopped = vm.verb('stop', { timeout_seconds: 600 });
      await vm.becomes('stopping');
      await vm.verb('kill');
      await stopped;
      await vm.nothingIsLeft(pid);
    },
  },
];
