import { existsSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';

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
export async function passGate(name: string): Promise<void> {
  const found = reach(name);
  if (!found) return;
  if (found.order === 'fail') throw new Error(`fault injected at ${name}`);
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
