import { readlinkSync } from 'node:fs';
import { membersOnDisk } from '../nethost/members-on-disk.ts';
import type { HeldNamespace } from '../nethost/nethost-spec.ts';

/** The namespace of a nethost that died, as far as VMs that were on it still hold it. */
export function heldNamespace(dir: string): HeldNamespace | undefined {
  return membersOnDisk(dir)
    .flatMap(({ held }) => held ?? [])
    .find(isHeld);
}

/** Whatever has the pid now has no descriptor of that very namespace. */
function isHeld({ pid, net_fd, name }: HeldNamespace): boolean {
  try {
    return readlinkSync(descriptor(pid, net_fd)) === name;
  } catch {
    return false;
  }
}

/** Arguments of nsenter(1). */
export function enterNamespace({ pid, net_fd, user_fd }: HeldNamespace): string[] {
  const user = user_fd === undefined ? [] : [`--user=${descriptor(pid, user_fd)}`, '--preserve-credentials'];
  return [...user, `--net=${descriptor(pid, net_fd)}`];
}

function descriptor(pid: number, fd: number): string {
  return `/proc/${pid}/fd/${fd}`;
}
