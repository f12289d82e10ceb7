import { describe, it } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { noNetworks } from '../harness/no-networks.ts';
import { runCell } from './cell.ts';
import { NETWORK_FAULTS } from './faults.ts';
import { kindNamed } from './kinds.ts';
import { scenes } from './scenes.ts';

/** Before the network is asked for a place, with the place, and with the VM on it. */
const START_GATES = ['start.disk', 'start.network', 'phase.agent'];
/** A stop that is at its last means. */
const STOP = { gate: 'stop.kill', closedBefore: ['stop.agent', 'stop.powerdown', 'stop.quit'] };

describe.skipIf(noNetworks)(`a network of several VMs (${noNetworks ?? 'there can be one'})`, () => {
  const kind = kindNamed('network');
  const here = scenes(kind);

  /** Both know each other by name, whichever nethost it is now. */
  const meets = (vm: string) => async () => {
    for (const [from, to] of [
      [vm, 'neighbour'],
      ['neighbour', vm],
    ] as const) {
      await eventually(
        `${to} is known to ${from}`,
        () => here.home.nook(['vm', 'exec', from, '--', 'nslookup', `${to}.nook`]),
        ({ code }) => code === 0,
      );
    }
  };

  for (const fault of NETWORK_FAULTS) {
    for (const gate of START_GATES) {
      it(`a start: ${fault} at ${gate}`, async () => {
        const vm = await here.newVm();
        await runCell({ ...here, vm, command: kind.start(vm), gate, fault, holds: meets(vm) });
      });
    }

    it(`a stop: ${fault} at ${STOP.gate}`, async () => {
      const vm = await here.runningVm();
      const command = ['vm', 'stop', '--timeout', '4', vm];
      await runCell({ ...here, ...STOP, vm, command, fault, holds: meets(vm) });
    });
  }
});
