import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MachineHost, MachineSpec, RunningMachine, StartedMachine } from '@nook/daemonapi';
import * as plain from './engine.ts';

const nothing = async () => {};

/** The plain machine with what it says or does after its start changed. */
function changed(machine: RunningMachine, change: Partial<StartedMachine>): RunningMachine {
  return { ...machine, started: machine.started.then((started) => ({ ...started, ...change })) };
}

/** Fault → the machine that has it. */
const FAULTS: Readonly<Record<string, (machine: RunningMachine, spec: MachineSpec) => Promise<RunningMachine>>> = {
  pauses_nothing: async (machine) => changed(machine, { pause: nothing, resume: nothing }),
  ends_nothing: async (machine) => ({ ...changed(machine, { quit: nothing }), kill: () => {} }),
  leaves_a_file: async (machine, { work_dir }) => {
    await writeFile(join(work_dir, 'left.sock'), '');
    return machine;
  },
  hides_the_guest: async (machine) => ({
    ...machine,
    exited: machine.exited.then((exit) => ({ ...exit, guest: undefined })),
  }),
};

export async function createMachine(spec: MachineSpec, host: MachineHost): Promise<RunningMachine> {
  const fault = String(spec.settings.fault);
  const machine = await plain.createMachine(fault === 'hides_the_folder' ? { ...spec, dir: '/' } : spec, host);
  return FAULTS[fault]?.(machine, spec) ?? machine;
}
