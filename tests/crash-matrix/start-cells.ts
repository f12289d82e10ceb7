import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Visitor } from '../../packages/plugin-vm/src/gate.ts';
import type { Shown } from '../harness/busybox-vm.ts';
import { runCell } from './cell.ts';
import { FAULTS, needsMachine } from './faults.ts';
import { innerGates } from './gates.ts';
import { type Kind, kindNamed } from './kinds.ts';
import { remembers } from './memory.ts';
import { scenes } from './scenes.ts';

interface Gate {
  readonly gate: string;
  /** There is a vmhost, and nearly always its QEMU. */
  readonly machine: boolean;
}

function gatesOf({ name, steps, withoutMachine }: Kind): Gate[] {
  return [
    ...steps.map((step, index) => ({ gate: `start.${step}`, machine: index >= withoutMachine })),
    ...innerGates(name as Visitor).map((gate) => ({ gate, machine: true })),
  ];
}

/** Between the start of the vmhost and its report there may be no QEMU yet. */
const BEFORE_QEMU = ['start.vmhost', 'vmhost.scope'];

/** Whether a machine is on its way that begins as its kind does: one that only boots all the same would prove nothing. */
async function expectKind({ cameUp }: Kind, dir: string): Promise<void> {
  const { machine } = JSON.parse(await readFile(join(dir, 'spec.json'), 'utf8')) as { machine: { resume?: object } };
  expect({ cameUp, fromMemory: machine.resume !== undefined }).toEqual({ cameUp, fromMemory: cameUp !== 'cold' });
}

/** Every fault at every point of a start of this kind. */
export function startCells(name: Extract<Visitor, 'cold' | 'template' | 'resume' | 'pool'>): void {
  const kind = kindNamed(name);
  describe(`a start, ${name}`, () => {
    const here = scenes(kind);

    it('without a fault', async () => {
      const vm = await here.newVm();
      await here.home.ok(...kind.start(vm));
      const { came_up, fallback } = await here.home.json<Shown>('vm', 'show', vm);
      expect({ came_up, fallback }).toEqual({ came_up: kind.cameUp, fallback: undefined });
      if (name === 'resume') expect(await remembers(here.home, vm)).toBe(true);
      await here.home.ok('vm', 'rm', '--force', vm);
    });

    for (const { gate, machine } of gatesOf(kind)) {
      for (const fault of FAULTS) {
        if (needsMachine(fault) && !machine) continue;
        if (fault === 'qemu' && BEFORE_QEMU.includes(gate)) continue;
        it(`${fault} at ${gate}`, async () => {
          const vm = await here.newVm();
          await runCell({
            ...{ ...here, vm, command: kind.start(vm), gate, fault },
            ...{ cameUp: kind.cameUp, madeByStart: kind.madeByStart },
            memory: name === 'resume' ? (machine ? 'may be lost' : 'kept') : undefined,
            atGate: machine ? (dir) => expectKind(kind, dir) : undefined,
          });
        });
      }
    }
  });
}
