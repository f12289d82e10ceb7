import { execText } from '../exec-session.ts';
import { installInGuest } from '../guest-program.ts';
import type { Lab } from '../lab.ts';

/**
 * A static program in the guest that does nothing but fork, execute /bin/true and wait for it.
 * @returns gives the milliseconds of each of `count` rounds
 */
export async function forkExecLoop(lab: Lab, vm: string): Promise<(count: number) => Promise<number[]>> {
  const program = await installInGuest(lab, vm, 'fork-exec-loop');
  return async (count) => {
    const lines = (await execText(lab, { vm, argv: [program, String(count)] })).trim().split('\n');
    return lines.map((microseconds) => Number(microseconds) / 1000);
  };
}
