import { expect } from 'vitest';
import { commandLine } from '../../packages/wire/src/index.ts';
import type { Shown } from '../harness/busybox-vm.ts';
import { eventually } from '../harness/eventually.ts';
import { type Home, outcome } from '../harness/home.ts';
import { type Fault, inflict, victims } from './faults.ts';
import type { Gates } from './gates.ts';

const SETTLED = new Set(['created', 'running', 'paused', 'stopped', 'suspended', 'failed']);

interface Cell {
  readonly home: Home;
  readonly gates: Gates;
  readonly vm: string;
  readonly command: readonly string[];
  /** The gate at which the fault comes, and those before it that nothing may pass. */
  readonly gate: string;
  readonly closedBefore?: readonly string[];
  readonly fault: Fault;
  /** What else must hold of the VM when it is used again. */
  readonly holds?: () => Promise<void>;
}

/** Runs the command into the fault, then sees that what is listed is what is there, and that the VM can be used again. */
export async function runCell(cell: Cell): Promise<void> {
  try {
    await run(cell);
  } finally {
    if (await seen(cell.home, cell.vm)) await cell.home.ok('vm', 'rm', '--force', cell.vm);
  }
}

async function run({ home, gates, vm, command, gate, closedBefore = [], fault, holds }: Cell): Promise<void> {
  const frozen: number[] = [];
  const found = await victims(home, vm);
  for (const earlier of closedBefore) await gates.close(earlier, 'fail');
  await gates.close(gate, fault === 'error' ? 'fail' : 'hold');
  const client = home.spawn(command, { env: { NOOK_VM_GATE: gates.dir } });
  const ended = outcome(client);
  try {
    await gates.reached(gate, ended);
    await inflict(fault, { home, vm, victims: found, client, frozen });
    gates.open(gate);
    if (fault === 'frozen vmhost') await home.nook(['vm', 'kill', vm]);
    const end = await ended;
    if (end.code !== 0 && fault !== 'client') expect(end.stderr).toMatch(/^(nook|error): /);
    // The command itself has ended it where it needed one that answers.
    if (fault === 'frozen nethost' && frozen.some(isThere)) await home.nook(['doctor', '--fix']);
    await settled(home, vm);
  } finally {
    gates.open(gate, ...closedBefore);
    for (const pid of frozen) wake(pid);
  }
  if (!(await works(home, vm))) return;
  await holds?.();
}

/** A VM that was to be made and used at once is not there any more when that failed. */
const seen = async (home: Home, vm: string) => (await home.json<Shown[]>('vm', 'list')).find(({ name }) => name === vm);

async function settled(home: Home, vm: string): Promise<void> {
  await eventually(
    `what is listed of ${vm} is what is there`,
    async () => ({ state: (await seen(home, vm))?.state, surplus: await home.surplus() }),
    ({ state, surplus }) => (state === undefined || SETTLED.has(state)) && surplus.length === 0,
    30_000,
  );
}

/** The next command repairs. */
async function works(home: Home, vm: string): Promise<boolean> {
  if (!(await seen(home, vm))) return false;
  await home.ok('vm', 'start', vm);
  expect(await home.ok('vm', 'exec', vm, '--', 'echo', 'works')).toBe('works\n');
  return true;
}

function isThere(pid: number): boolean {
  return commandLine(pid).some((word) => word !== '');
}

function wake(pid: number): void {
  try {
    process.kill(pid, 'SIGCONT');
  } catch {
    // It was killed, as it should be.
  }
}
