import assert from 'node:assert/strict';
import { MachineOwner } from './machine-owner.ts';
import type { DriverCheck } from './options.ts';
import { untilGone } from './processes.ts';
import { TestVm } from './test-vm.ts';

/** What the guest does to itself → how the VM is said to have ended. */
const OWN_ENDS = [
  ['echo o > /proc/sysrq-trigger', 'stopped', /^the guest powered off$/],
  ['echo b > /proc/sysrq-trigger', 'stopped', /^the guest rebooted$/],
  ['echo c > /proc/sysrq-trigger', 'failed', /^the guest's kernel panicked/],
] as const;

const GONE_MS = 5_000;

export const endChecks: readonly DriverCheck[] = [
  {
    name: 'tells how a guest ended itself, and starts again',
    async run(subject) {
      await using vm = await TestVm.create(subject);
      for (const [script, state, cause] of OWN_ENDS) {
        await vm.start();
        const pid = await vm.pid();
        await vm.begin(`${script}; sleep 60`);
        const ended = await vm.becomes(state);
        assert.match(ended.cause ?? '', cause, script);
        await vm.nothingIsLeft(pid);
      }
    },
  },
  {
    name: 'a process that is killed is a failure that names the driver and the signal, and starts again',
    async run(subject) {
      await using vm = await TestVm.running(subject);
      const pid = await vm.pid();
      process.kill(pid, 'SIGKILL');
      const failed = await vm.becomes('failed');
      assert.ok(failed.cause?.startsWith(`${vm.driver.title} was killed by SIGKILL`), failed.cause);
      await vm.nothingIsLeft(pid);
      await vm.start();
      assert.equal(await vm.output('echo again'), 'again\n');
    },
  },
  {
    name: 'does not outlive the process that started it',
    async run(subject) {
      await using vm = await TestVm.running(subject);
      const spec = await vm.spec();
      await vm.stop();
      await using owner = await MachineOwner.start(vm.driver.engine, spec);
      await owner.kill();
      await untilGone(owner.pid, 'a machine whose owner was killed', GONE_MS);
    },
  },
];
