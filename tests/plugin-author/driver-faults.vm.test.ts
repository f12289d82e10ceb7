import type { PluginDefinition, VmDriver, VmDriverCapability } from '@nook/daemonapi';
import { images } from '@nook/plugin-images';
import { network } from '@nook/plugin-network';
import { vm } from '@nook/plugin-vm';
import { vmDriverChecks } from '@nook/testkit';
import { expect, test } from 'vitest';
import { plainDriver } from './plain-driver/plugin.ts';

interface Fault {
  /** Words of the check that finds it, and of what that says. */
  readonly check: string;
  readonly says: RegExp;
  readonly declares?: readonly VmDriverCapability[];
  /** What each preparation answers more. */
  readonly settings?: () => object;
}

// A suite that finds nothing is worth nothing: machines of the plain driver, each with one fault.
const FAULTS: Readonly<Record<string, Fault>> = {
  pauses_nothing: {
    check: 'the guest stands still',
    says: /a guest that could run for \d+ ms has run for \d+ ms/,
    declares: ['pause'],
  },
  declares_what_it_has_not: { check: 'the guest stands still', says: /cannot pause a VM/, declares: ['pause'] },
  ends_nothing: {
    check: 'a process that stands still by the deadline of a stop',
    says: /a stop with a deadline of 4 s did not end within 9 s/,
  },
  leaves_a_file: { check: 'leaves nothing but the disk', says: /files that the machine has left/ },
  hides_the_guest: { check: 'how a guest ended itself', says: /the VM is failed .*exited with code 0.*, not stopped/ },
  hides_the_folder: { check: 'by the folder of its VM', says: /do not hold the folder of the VM/ },
  outlives_its_owner: {
    check: 'does not outlive the process',
    says: /a machine whose owner was killed is still there/,
    settings: () => ({ command: ['setpriv', '--pdeathsig', 'clear', 'qemu-system-x86_64'] }),
  },
  prepares_differently: {
    check: 'prepares every start alike',
    says: /two starts of one VM are prepared differently/,
    settings: () => ({ at: performance.now() }),
  },
};

function faulty(name: string, { declares = [], settings = () => ({}) }: Fault): PluginDefinition<'plain'> {
  const engine = new URL('./plain-driver/faulty-engine.ts', import.meta.url).href;
  const spoil = (driver: VmDriver): VmDriver => ({
    ...driver,
    engine,
    capabilities: declares,
    async prepare(request, signal) {
      const setup = await driver.prepare(request, signal);
      return { ...setup, settings: { ...setup.settings, fault: name, ...settings() } };
    },
  });
  return {
    ...plainDriver,
    setup: (context) =>
      plainDriver.setup({
        ...context,
        contribute: (point, value) => context.contribute(point, spoil(value as VmDriver) as never),
      }),
  };
}

test.for(Object.entries(FAULTS))('%s is found', async ([name, fault]) => {
  const checks = vmDriverChecks(faulty(name, fault), {
    driver: 'plain',
    with: [vm, images, network],
    env: { ...process.env, NOOK_STORE: process.env.NOOK_TEST_STORE },
  }).filter((check) => check.name.includes(fault.check));
  expect(checks).toHaveLength(1);
  await expect(checks[0]?.run()).rejects.toThrow(fault.says);
});
