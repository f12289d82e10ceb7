import assert from 'node:assert/strict';
import type { DriverCheck } from './options.ts';
import { TestVm } from './test-vm.ts';

const READ = 'cat /root/file /tmp/file 2>/dev/null || echo gone';

async function write(vm: TestVm, value: string): Promise<void> {
  await vm.output(
    `mount | grep -q ' /tmp tmpfs' || mount -t tmpfs none /tmp; echo ${value} > /root/file; sync; echo ${value} > /tmp/file`,
  );
}

/** What `ram_snapshot` promises. */
export const memoryChecks: readonly DriverCheck[] = [
  {
    declares: 'ram_snapshot',
    name: 'ram_snapshot: a saved guest is gone, and goes on where it was',
    async run(subject) {
      await using vm = await TestVm.running(subject);
      const pid = await vm.pid();
      await write(vm, 'kept');
      await vm.verb('suspend');
      assert.equal((await vm.show()).state, 'suspended');
      await vm.nothingIsLeft(pid);
      await vm.verb('resume');
      assert.equal((await vm.show()).state, 'running');
      assert.equal(await vm.output(READ), 'kept\nkept\n');
      await vm.verb('suspend');
      await vm.start();
      assert.equal(await vm.output(READ), 'kept\nkept\n');
    },
  },
  {
    declares: 'ram_snapshot',
    name: 'ram_snapshot: a guest that was saved goes on, and comes back to that moment',
    async run(subject) {
      await using vm = await TestVm.running(subject);
      if (!vm.driver.capabilities.includes('disk_snapshot')) return;
      await write(vm, 'first');
      await vm.verb('snapshot.create', { snapshot: 'first' });
      await write(vm, 'second');
      await vm.verb('snapshot.restore', { snapshot: 'first', force: true });
      assert.equal(await vm.output(READ), 'first\nfirst\n');
    },
  },
  {
    lacks: 'ram_snapshot',
    name: 'ram_snapshot: is refused with the name of the driver, and the guest runs on',
    async run(subject) {
      await using vm = await TestVm.running(subject);
      const refusal = (what: string) => ({
        code: 'unavailable',
        message: `Driver '${subject.driver}' cannot ${what}.`,
      });
      await assert.rejects(vm.verb('suspend'), refusal('suspend VMs'));
      await assert.rejects(vm.verb('fork'), refusal('fork a VM that runs'));
      await assert.rejects(vm.warm(), refusal('save VMs as templates'));
      assert.equal(await vm.output('echo on'), 'on\n');
    },
  },
];

/** What `disk_snapshot` promises. */
export const diskChecks: readonly DriverCheck[] = [
  {
    declares: 'disk_snapshot',
    name: 'disk_snapshot: a guest goes on with another disk, and what it had stays as it was',
    async run(subject) {
      await using vm = await TestVm.running(subject);
      await write(vm, 'first');
      await vm.verb('snapshot.create', { snapshot: 'first', disk_only: true });
      await write(vm, 'second');
      assert.equal(await vm.output(READ), 'second\nsecond\n');
      await vm.stop();
      await vm.start();
      assert.equal(await vm.output('cat /root/file'), 'second\n');
      await vm.stop();
      await vm.verb('snapshot.restore', { snapshot: 'first' });
      await vm.start();
      assert.equal(await vm.output('cat /root/file'), 'first\n');
    },
  },
  {
    lacks: 'disk_snapshot',
    name: 'disk_snapshot: is refused with the name of the driver while the guest runs',
    async run(subject) {
      await using vm = await TestVm.running(subject);
      const message = `Driver '${subject.driver}' cannot snapshot the disk of a VM that runs.`;
      await assert.rejects(vm.verb('snapshot.create', { snapshot: 'first', disk_only: true }), {
        code: 'unavailable',
        message,
      });
      assert.equal(await vm.output('echo on'), 'on\n');
    },
  },
];
