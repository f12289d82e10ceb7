import assert from 'node:assert/strict';
import type { MachineEngine, VmDriver, VmDriverCapability } from '@nook/daemonapi';
import type { ConformanceCheck } from '../check.ts';
import type { Subject } from '../options.ts';
import { END_MS, subjectBox, within } from '../subject-box.ts';

const NAME = /^[a-z][a-z0-9-]*$/;

/** All that there are: a new one does not compile before it stands here. */
const CAPABILITIES = Object.keys({
  disk_resize: true,
  disk_snapshot: true,
  drives: true,
  mount_9p: true,
  network_connect: true,
  pause: true,
  port_forwards: true,
  powerdown: true,
  ram_snapshot: true,
  signal: true,
  tap_network: true,
  user_network: true,
} satisfies Record<VmDriverCapability, true>);

/** Runs `examine` with each driver that the plugin contributes, in a daemon that has started. */
async function withDrivers(subject: Subject, examine: (driver: VmDriver) => Promise<void> | void): Promise<void> {
  await using box = await subjectBox(subject);
  await box.start();
  const { contributed } = box.of(subject.plugin.name);
  for (const { point, value } of contributed) if (point === 'vm.driver') await examine(value as VmDriver);
}

/** What holds for every `vm.driver` and needs no machine; what its machines do is in `vm-driver/`. */
export const vmDriverSeam: readonly ConformanceCheck[] = [
  {
    name: 'vm.driver: says what it is, and declares known capabilities',
    run: (subject) =>
      withDrivers(subject, ({ name, title, capabilities, devices, programs }) => {
        assert.match(name, NAME);
        assert.ok(title !== '', `driver '${name}' has no title`);
        assert.ok(['pci', 'mmio'].includes(devices), `driver '${name}' has devices of kind '${devices}'`);
        assert.ok(programs.length > 0, `driver '${name}' does not say what its processes are called`);
        for (const program of programs) assert.ok(!program.includes('/'), `'${program}' is a path, not a name`);
        const unknown = capabilities.filter((capability) => !CAPABILITIES.includes(capability));
        assert.deepEqual(unknown, [], `driver '${name}' declares what there is not`);
        assert.equal(new Set(capabilities).size, capabilities.length, `driver '${name}' declares something twice`);
      }),
  },
  {
    name: 'vm.driver: has an engine that a vmhost can load',
    run: (subject) =>
      withDrivers(subject, async ({ name, engine }) => {
        assert.match(engine, /^file:/, `the engine of driver '${name}' is no file URL`);
        const { createMachine } = (await import(engine)) as Partial<MachineEngine>;
        assert.equal(typeof createMachine, 'function', `the engine of driver '${name}' exports no createMachine`);
      }),
  },
  {
    name: 'vm.driver: prepares nothing when its time is over',
    run: (subject) =>
      withDrivers(subject, async (driver) => {
        const kernel = { vmlinux: '/nonexistent/vmlinux', initramfs: '/nonexistent/initramfs', arguments: [] };
        const prepared = driver.prepare({ kernel }, AbortSignal.abort(new Error('no time'))).catch(() => {});
        await within(END_MS, `the preparation of driver '${driver.name}' with an aborted signal`, prepared);
      }),
  },
];
