import { basename, resolve } from 'node:path';
import { NookError } from '@nook/daemonapi';

/** A path of the guest: `VM:PATH`. */
interface GuestPath {
  readonly vm: string;
  readonly path: string;
}

export type CopyPlan =
  | { readonly direction: 'into'; readonly sources: readonly string[]; readonly target: GuestPath }
  | { readonly direction: 'out'; readonly sources: readonly GuestPath[]; readonly target: string };

const IN_GUEST = /^([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?):(.*)$/s;

/** Which way a copy goes. @throws NookError `bad_params` unless exactly one side is in VMs */
export function planCopy(paths: readonly string[]): CopyPlan {
  const target = paths.at(-1);
  const sources = paths.slice(0, -1);
  if (target === undefined || sources.length === 0) {
    throw new NookError('bad_params', 'It takes two paths at least: what to copy, and where to.', { hint: HINT });
  }
  const guest = inGuest(target);
  const guests = sources.map(inGuest).filter((source) => source !== undefined);
  if (guest && guests.length === 0) return { direction: 'into', sources, target: guest };
  if (!guest && guests.length === sources.length) return { direction: 'out', sources: guests, target };
  const wrong = guest ? 'From one VM to another it goes through the host' : 'Neither side is in a VM';
  throw new NookError(
    'bad_params',
    `${guests.length > 0 && !guest ? 'Some sources are in a VM, some are not' : wrong}.`,
    {
      hint: HINT,
    },
  );
}

const HINT = 'Write the side in the VM as VM:PATH, and a file here whose name has a colon as ./NAME.';

function inGuest(text: string): GuestPath | undefined {
  const match = IN_GUEST.exec(text);
  return match ? { vm: match[1] as string, path: match[2] as string } : undefined;
}

/** `DIR/.` names what a directory holds, not the directory: no name for it below another. */
function namesContents(path: string): boolean {
  const last = path.replace(/\/+$/, '').split('/').at(-1);
  return last === '' || last === '.' || last === '..';
}

/** The name of a local source below a directory. */
export function hostName(path: string): string | undefined {
  return namesContents(path) ? undefined : basename(resolve(path));
}

/** The name of a guest's source below a directory. */
export function guestName(path: string): string | undefined {
  return namesContents(path) ? undefined : basename(path);
}
