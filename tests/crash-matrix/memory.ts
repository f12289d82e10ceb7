import type { Home } from '../harness/home.ts';

/** On a file system that is nowhere but in the guest's memory. */
const FILE = '/dev/remembered';

export async function remember(home: Home, vm: string): Promise<void> {
  await home.ok('vm', 'exec', vm, '--', 'sh', '-c', `echo ${vm} > ${FILE}`);
}

/** Runs a command in a VM. @returns whether its memory still has what {@link remember} left there */
export async function remembers(home: Home, vm: string): Promise<boolean> {
  const script = `cat ${FILE} 2>/dev/null || echo nothing`;
  const words = (await home.ok('vm', 'exec', vm, '--', 'sh', '-c', script)).trim();
  if (words !== vm && words !== 'nothing') throw new Error(`${vm} remembers '${words}'`);
  return words === vm;
}
