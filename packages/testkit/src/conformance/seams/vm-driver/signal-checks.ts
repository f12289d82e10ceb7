import assert from 'node:assert/strict';
import type { DriverCheck } from './options.ts';
import { TestVm } from './test-vm.ts';

/** What `signal` promises. */
export const signalChecks: readonly DriverCheck[] = [
  {
    declares: 'signal',
    name: 'signal: the process of the machine gets it, and what ends by it was asked to',
    async run(subject) {
      await using vm = await TestVm.running(subject);
      const pid = await vm.pid();
      await vm.verb('kill', { signal: 'CONT' });
      assert.equal(await vm.output('echo up'), 'up\n');
      await vm.verb('kill', { signal: 'ABRT' });
      const { cause } = await vm.becomes('stopped');
      assert.match(cause ?? '', /SIGABRT/);
      await vm.nothingIsLeft(pid);
    },
  },
  {
    lacks: 'signal',
    name: 'signal: is refused, with the name of the driver',
    async run(subject) {
      await using vm = await TestVm.running(subject);
      const refusal = { code: 'unavailable', message: new RegExp(subject.driver) };
      await assert.rejects(vm.verb('kill', { signal: 'CONT' }), refusal);
    },
  },
];
