import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { commandLine } from '@nook/wire';
import type { DriverCheck } from './options.ts';
import { processesOf } from './processes.ts';
import { TestVm } from './test-vm.ts';

const LOOK_MS = 5;

export const bootChecks: readonly DriverCheck[] = [
  {
    name: 'boots, runs commands, stops as asked, and leaves nothing but the disk',
    async run(subject) {
      await using vm = await TestVm.running(subject);
      const { state, driver, accelerator, machine } = await vm.show();
      assert.deepEqual({ state, driver }, { state: 'running', driver: subject.driver });
      assert.ok(accelerator && machine, 'vm.show does not say what the machine runs on');
      assert.deepEqual(await vm.sh('echo out; exit 3'), { end: { code: 3 }, stdout: 'out\n' });
      const pid = await vm.pid();
      await vm.stop();
      const stopped = await vm.show();
      assert.deepEqual([stopped.state, stopped.cause], ['stopped', 'stopped as asked']);
      await vm.nothingIsLeft(pid);
    },
  },
  {
    name: 'gives the guest what the VM was created with, and its disk again at the next start',
    async run(subject) {
      await using vm = await TestVm.running(subject, { vcpus: 2, memory: '320MiB' });
      assert.equal(await vm.output('grep -c ^processor /proc/cpuinfo'), '2\n', 'processors');
      const kib = Number(/MemTotal: +(\d+)/.exec(await vm.output('cat /proc/meminfo'))?.[1]);
      assert.ok(kib > 256 * 1024 && kib <= 320 * 1024, `a guest of 320 MiB has ${kib} KiB`);
      await vm.output('echo kept > /root/file; sync');
      await vm.stop();
      await vm.start();
      assert.equal(await vm.output('cat /root/file'), 'kept\n');
    },
  },
  {
    name: 'runs a process that can be told by its name and by the folder of its VM',
    async run(subject) {
      await using vm = await TestVm.running(subject);
      const { dir } = await vm.show();
      const [program = '', ...args] = commandLine(await vm.pid());
      assert.ok(vm.driver.programs.includes(basename(program)), `a machine's process is called '${program}'`);
      assert.ok(args.includes(dir), `its arguments do not hold the folder of the VM: ${args.join(' ')}`);
    },
  },
  {
    name: 'prepares every start alike, in plain JSON',
    async run(subject) {
      await using vm = await TestVm.running(subject);
      const machine = await vm.spec();
      const request = { kernel: machine.kernel, run_as: machine.run_as };
      const setup = await vm.driver.prepare(request, AbortSignal.timeout(60_000));
      assert.deepEqual(JSON.parse(JSON.stringify(setup)), setup, 'what it answers is not plain JSON');
      assert.deepEqual(setup.settings, machine.settings, 'two starts of one VM are prepared differently');
      assert.ok(
        setup.version && setup.accelerator && setup.machine,
        `it does not say what it is: ${JSON.stringify(setup)}`,
      );
    },
  },
  {
    name: 'gives up a start without leaving anything',
    async run(subject) {
      await using vm = await TestVm.create(subject);
      const started = vm.start().then(
        () => undefined,
        (error: Error) => error,
      );
      const pid = await untilLaunched(vm);
      await vm.verb('kill');
      assert.match((await started)?.message ?? 'it started all the same', /was given up/);
      await vm.nothingIsLeft(pid);
    },
  },
];

/** Nothing tells that a machine has a process before its guest runs. */
async function untilLaunched(vm: TestVm): Promise<number> {
  const { programs } = vm.driver;
  for (let shown = await vm.becomes('starting'); ; shown = await vm.show()) {
    const pid = processesOf(shown.dir).find((found) => programs.includes(basename(commandLine(found)[0] ?? '')));
    if (pid !== undefined) return pid;
    assert.equal(shown.state, 'starting', `the start ended before its machine had a process: ${shown.cause}`);
    await setTimeout(LOOK_MS);
  }
}
