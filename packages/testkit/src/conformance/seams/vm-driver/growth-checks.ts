import assert from 'node:assert/strict';
import type { DriverCheck } from './options.ts';
import { TestVm } from './test-vm.ts';

const GIB = 1024 ** 3;

/** What `disk_resize` promises. */
export const growthChecks: readonly DriverCheck[] = [
  {
    declares: 'disk_resize',
    name: 'disk_resize: the guest sees a larger disk while it runs, and after a start',
    async run(subject) {
      await using vm = await TestVm.running(subject);
      const bytes = async () => Number(await vm.output('cat /sys/block/vda/size')) * 512;
      const more = (await bytes()) + GIB;
      await vm.verb('set', { disk: more });
      assert.equal(await bytes(), more);
      await vm.stop();
      await vm.verb('set', { disk: more + GIB });
      await vm.start();
      assert.equal(await bytes(), more + GIB);
    },
  },
  {
    lacks: 'disk_resize',
    name: 'disk_resize: is refused, with the name of the driver',
    async run(subject) {
      await using vm = await TestVm.running(subject);
      const refusal = { code: 'unavailable', message: new RegExp(subject.driver) };
      await assert.rejects(vm.verb('set', { disk: '15TiB' }), refusal);
    },
  },
];
