import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import type { DriverCheck } from './options.ts';
import { TestVm } from './test-vm.ts';

const STILL_MS = 2_000;
/** How much further than the host's clock says a guest may think to be; clocks under emulation are no better. */
const SLACK_MS = 500;

async function guestsClock(vm: TestVm): Promise<number> {
  return Number((await vm.output('cut -d" " -f1 /proc/uptime')).trim()) * 1_000;
}

/** What `pause` promises. */
export const pauseChecks: readonly DriverCheck[] = [
  {
    declares: 'pause',
    name: 'pause: the guest stands still, says so, and goes on where it was',
    async run(subject) {
      await using vm = await TestVm.running(subject);
      const began = performance.now();
      const before = await guestsClock(vm);
      await vm.verb('pause');
      await vm.verb('pause');
      assert.equal((await vm.show()).state, 'paused');
      await assert.rejects(vm.begin('true'), { code: 'not_running' });
      await setTimeout(STILL_MS);
      await vm.verb('resume');
      await vm.verb('resume');
      assert.equal((await vm.show()).state, 'running');
      const ran = (await guestsClock(vm)) - before;
      const might = performance.now() - began - STILL_MS + SLACK_MS;
      assert.ok(ran <= might, `a guest that could run for ${Math.round(might)} ms has run for ${Math.round(ran)} ms`);
    },
  },
  {
    declares: 'pause',
    name: 'pause: a paused guest hears that it is stopped',
    async run(subject) {
      await using vm = await TestVm.running(subject);
      const pid = await vm.pid();
      await vm.beside('trap "echo heard > /root/heard; sync; exit" TERM; echo ready; while :; do sleep 0.1; done');
      await vm.verb('pause');
      await vm.stop();
      assert.equal((await vm.show()).state, 'stopped');
      await vm.nothingIsLeft(pid);
      await vm.start();
      assert.equal(await vm.output('cat /root/heard'), 'heard\n');
    },
  },
  {
    declares: 'pause',
    name: 'pause: a paused guest can be killed',
    async run(subject) {
      await using vm = await TestVm.running(subject);
      const pid = await vm.pid();
      await vm.verb('pause');
      await vm.verb('kill');
      await vm.nothingIsLeft(pid);
    },
  },
  {
    lacks: 'pause',
    name: 'pause: is refused with the name of the driver, and the guest runs on',
    async run(subject) {
      await using vm = await TestVm.running(subject);
      const refusal = { code: 'unavailable', message: `Driver '${subject.driver}' cannot pause a VM.` };
      await assert.rejects(vm.verb('pause'), refusal);
      assert.equal(await vm.output('echo on'), 'on\n');
    },
  },
];
