import type { PluginDefinition, VmDriverCapability } from '@nook/daemonapi';
import type { BoundCheck, Skipped } from '../../check.ts';
import { subject } from '../../options.ts';
import { subjectBox } from '../../subject-box.ts';
import { bootChecks } from './boot-checks.ts';
import { endChecks } from './end-checks.ts';
import { growthChecks } from './growth-checks.ts';
import { forwardChecks, networkChecks } from './network-checks.ts';
import type { DriverCheck, DriverSubject, VmDriverOptions } from './options.ts';
import { pauseChecks } from './pause-checks.ts';
import { signalChecks } from './signal-checks.ts';
import { diskChecks, memoryChecks } from './snapshot-checks.ts';
import { stopChecks } from './stop-checks.ts';

/** What each capability promises, and that what is not declared is refused. */
const CAPABILITIES: Readonly<Record<VmDriverCapability, readonly DriverCheck[]>> = {
  disk_resize: growthChecks,
  disk_snapshot: diskChecks,
  drives: [],
  mount_9p: [],
  network_connect: [],
  pause: pauseChecks,
  port_forwards: forwardChecks,
  // What a guest makes of its power button is its own affair: a stop goes through this stage on its way.
  powerdown: [],
  ram_snapshot: memoryChecks,
  signal: signalChecks,
  tap_network: [],
  user_network: networkChecks,
};

const CHECKS = [...bootChecks, ...stopChecks, ...endChecks, ...Object.values(CAPABILITIES).flat()];

const TIMEOUT_MS = 240_000;

/**
 * What holds for the machines of every `vm.driver`, as data, for any test runner. Each check starts a daemon of its own
 * and boots the image `busybox` in it.
 */
export function vmDriverChecks<const Name extends string>(
  // biome-ignore lint/suspicious/noExplicitAny: any config type
  plugin: PluginDefinition<Name, any>,
  options: VmDriverOptions<NoInfer<Name>>,
): readonly BoundCheck[] {
  const bound: DriverSubject = { ...subject(plugin, options), driver: options.driver };
  return CHECKS.map((check) => ({ name: check.name, timeoutMs: TIMEOUT_MS, run: () => runWhereItHolds(check, bound) }));
}

async function runWhereItHolds(check: DriverCheck, subject: DriverSubject): Promise<void | Skipped> {
  const capability = check.declares ?? check.lacks;
  if (capability !== undefined) {
    const declared = (await capabilitiesOf(subject)).includes(capability);
    if (declared !== (check.declares !== undefined)) {
      return { skipped: `driver '${subject.driver}' ${declared ? 'declares' : 'does not declare'} '${capability}'` };
    }
  }
  await check.run(subject);
}

async function capabilitiesOf(subject: DriverSubject): Promise<readonly VmDriverCapability[]> {
  await using box = await subjectBox(subject);
  await box.start();
  const driver = box.contributed('vm.driver').find(({ name }) => name === subject.driver);
  if (driver === undefined) throw new Error(`no plugin of this daemon contributes the driver '${subject.driver}'`);
  return driver.capabilities;
}
