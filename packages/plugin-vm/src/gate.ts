import { existsSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NookError } from '@nook/daemonapi';
import type { StopStage } from './vmhost/stop-plan.ts';

/** What goes from step to step, each with a gate after it. */
export type Stepping = 'start' | 'suspend' | 'fork' | 'snapshot' | 'restore';

/** The gates between steps, in the vmhost most of them, and whose crash tests come to them. */
export const INNER_GATES = {
  'vmhost.scope': ['template'],
  'phase.machine': ['cold', 'template', 'resume'],
  'phase.agent': ['cold', 'template', 'resume', 'pool'],
  'save.memory': ['suspend', 'fork'],
  'save.disk': ['fork'],
  'save.commit': ['suspend'],
} as const satisfies Record<string, readonly [Visitor, ...Visitor[]]>;

/** A kind of start, or another thing that is done to a VM. */
export type Visitor = 'cold' | 'template' | 'resume' | 'pool' | 'suspend' | 'fork';

type Gate = keyof typeof INNER_GATES | `${Stepping}.${string}` | `stop.${StopStage}`;

/** What the file of a gate says. */
type Order = 'hold' | 'fail';

/** A gate that nobody opens is passed after this long: tests are shorter. */
const HOLD_MS = 60_000;

/**
 * Points of starts and stops at which tests of crashes intervene. With `NOOK_VM_GATE=DIR` in the daemon's environment,
 * whoever comes to the point NAME and finds a file DIR/NAME tells so by writing DIR/NAME.reached. A file that says `hold`
 * keeps it there until it is removed, one that says `fail` makes it fail. Without the variable there are no gates.
 * @throws what `fail` asks for
 */
export async function passGate(name: Gate): Promise<void> {
  const found = reach(name);
  if (!found) return;
  if (found.order === 'fail') throw new NookError('operation_failed', `A fault was injected at ${name}.`);
  await removed(found.file);
}

function reach(name: string): { readonly file: string; readonly order: Order } | undefined {
  const dir = process.env.NOOK_VM_GATE;
  if (dir === undefined) return undefined;
  const file = join(dir, name);
  if (!existsSync(file)) return undefined;
  const order = readFileSync(file, 'utf8').trim() as Order;
  writeFileSync(`${file}.reached`, '', { mode: 0o600 });
  return { file, order };
}

function removed(file: string): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (existsSync(file)) return;
      clearTimeout(timer);
      watcher.close();
      resolve();
    };
    const watcher = watch(join(file, '..'), look);
    const timer = setTimeout(() => {
      watcher.close();
      resolve();
    }, HOLD_MS);
    look();
  });
}
