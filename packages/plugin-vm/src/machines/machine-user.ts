import type { MachineUser } from '@nook/daemonapi';

/** First of the uids that nook gives to the machines of a root daemon: above what distributions and containers hand out. */
const FIRST_UID = 0x6e6f0000;

/** The user for one VM's process when this one is root's; undefined otherwise. VMs share one with a chance of 1 in 65 536. */
export function machineUser(vmId: string): MachineUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = FIRST_UID + (Number.parseInt(vmId.slice(0, 4), 16) || 0);
  return { uid: id, gid: id };
}
