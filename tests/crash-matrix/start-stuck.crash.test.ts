import { expect, it } from 'vitest';
import { commandLine } from '../../packages/wire/src/index.ts';
import type { Shown } from '../harness/busybox-vm.ts';
import { outcome } from '../harness/home.ts';
import { inflict, victims } from './faults.ts';
import { scenes } from './scenes.ts';

/** In the vmhost: it waits there, with its machine, when it freezes. */
const GATE = 'phase.agent';

const here = scenes();

it('a start whose vmhost freezes is not waited for: the VM boots with another one, and nothing stays behind', async () => {
  const vm = await here.newVm();
  const { home, gates } = here;
  const found = await victims(home, vm);
  await gates.close(GATE, 'hold');
  const client = home.spawn(['vm', 'start', vm]);
  const ended = outcome(client);
  const frozen: number[] = [];
  await gates.reached(GATE, ended);
  await inflict('frozen vmhost', { home, vm, victims: found, client, frozen });
  gates.open(GATE);
  expect(await ended).toMatchObject({ code: 0 });
  expect(commandLine(frozen[0] as number)).toEqual([]);
  expect(await home.json<Shown>('vm', 'show', vm)).toMatchObject({ state: 'running', came_up: 'cold' });
  expect(await home.surplus()).toEqual([]);
});
