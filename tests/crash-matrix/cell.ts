import { expect } from 'vitest';
import { ERROR_CODES } from '../../packages/daemonapi/src/index.ts';
import { commandLine } from '../../packages/wire/src/index.ts';
import type { Shown } from '../harness/busybox-vm.ts';
import { eventually } from '../harness/eventually.ts';
import { type Home, type Outcome, outcome } from '../harness/home.ts';
import { type Fault, inflict, needsMachine, victims } from './faults.ts';
import type { Gates } from './gates.ts';
import { remembers } from './memory.ts';

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
  /** What must hold when the gate is reached, of the VM in this folder. */
  readonly atGate?: ((dir: string) => Promise<void>) | undefined;
  /** Of a start: how the VM has come up when that is done, if nothing is said of another way. */
  readonly cameUp?: string;
  /** The command makes the VM, which need not be there when it fails. */
  readonly madeByStart?: boolean | undefined;
  /**
   * Something is in the guest's memory (memory.ts), which a machine that goes on must still have. `kept`: it must not be lost,
   * whatever the fault does.
   */
  readonly memory?: 'kept' | 'may be lost' | undefined;
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

async function run(cell: Cell): Promise<void> {
  const { home, vm } = cell;
  const end = await commandWithFault(cell);
  const after = await seen(home, vm);
  if (!after) return expectMayBeGone(cell, end);
  if (end.code === 0 && cell.cameUp !== undefined) expectWay(after, cell.cameUp);
  await works(cell, { end, before: after });
  await cell.holds?.();
}

async function commandWithFault({
  home,
  gates,
  vm,
  command,
  gate,
  closedBefore = [],
  fault,
  atGate,
}: Cell): Promise<Outcome> {
  const frozen: number[] = [];
  const found = await victims(home, vm);
  for (const earlier of closedBefore) await gates.close(earlier, 'fail');
  await gates.close(gate, fault === 'error' ? 'fail' : 'hold');
  const client = home.spawn([...command, '--json'], { env: { NOOK_VM_GATE: gates.dir } });
  const ended = outcome(client);
  try {
    await gates.reached(gate, ended);
    // One that fails goes on at once.
    if (fault !== 'error' && found.dir !== undefined) await atGate?.(found.dir);
    await inflict(fault, { home, vm, victims: found, client, frozen });
    gates.open(gate);
    if (fault === 'frozen vmhost') await home.nook(['vm', 'kill', vm]);
    const end = await ended;
    if (end.code !== 0 && fault !== 'client') expectExplained(end);
    // The command itself has ended it where it needed one that answers.
    if (fault === 'frozen nethost' && frozen.some(isThere)) await home.nook(['doctor', '--fix']);
    await settled(home, vm);
    return end;
  } finally {
    gates.open(gate, ...closedBefore);
    for (const pid of frozen) wake(pid);
  }
}

/** No VM vanishes but one that was to be made and used at once, when that failed. */
function expectMayBeGone({ vm, madeByStart = false }: Cell, { code }: Outcome): void {
  const failed = code !== 0;
  expect({ vm, madeByStart, failed }).toEqual({ vm, madeByStart: true, failed: true });
}

/** One error, in words for people and with a code that they can rely on. */
function expectExplained({ stderr }: Outcome): void {
  const { error } = JSON.parse(stderr.trim().split('\n').at(-1) ?? '') as { error: { code: never; message: string } };
  expect(ERROR_CODES.filter((code) => code !== 'internal')).toContain(error.code);
  expect(error.message).toMatch(/^[A-Z].*\.$/s);
}

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
async function works({ home, vm, fault, memory }: Cell, seenBefore: { end: Outcome; before: Shown }): Promise<void> {
  const { end, before } = seenBefore;
  await home.ok('vm', 'start', vm);
  const remembered = await remembers(home, vm);
  if (memory === undefined) return;
  const { came_up, qemu_pid } = await home.json<Shown>('vm', 'show', vm);
  const wentOn = came_up === 'resume' || qemu_pid === before.qemu_pid;
  expect({ came_up, remembered }).toEqual({ came_up, remembered: wentOn });
  if (memory === 'kept' || (end.code === 0 && !needsMachine(fault)))
    expect({ came_up, wentOn }).toMatchObject({ wentOn: true });
}

/** One that came up another way says why. */
function expectWay({ came_up, fallback }: Shown, cameUp: string): void {
  if (fallback === undefined) expect(came_up).toBe(cameUp);
  else expect(fallback).toMatch(/did not load|could not be used/);
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
