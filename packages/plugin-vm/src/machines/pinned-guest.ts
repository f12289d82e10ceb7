import { PROTOCOL_VERSION } from '@nook/guest';
import type { Caller, Dependencies } from './dependencies.ts';
import type { GuestBuild } from './guest-builds.ts';
import type { GuestPin, MachineRecord } from './records.ts';

/**
 * The build of the guest's init that a VM boots: the one that it had, whatever nook brings by now. It takes the current one
 * when its own is gone, or speaks a protocol that is spoken no more, which is said.
 */
export async function guestOf(
  { run }: Pick<MachineRecord, 'run'>,
  { guestBuilds }: Pick<Dependencies, 'guestBuilds'>,
  caller: Pick<Caller, 'progress'>,
): Promise<GuestBuild> {
  const pin = run.guest;
  if (pin === undefined) return guestBuilds.current();
  const spoken = pin.protocol === PROTOCOL_VERSION;
  const kept = spoken ? await guestBuilds.find(pin.digest) : undefined;
  if (kept !== undefined) return kept;
  const why = spoken ? 'is gone or damaged' : `speaks version ${pin.protocol} of the guest protocol`;
  caller.progress({ stage: 'initramfs', message: `its guest build ${pin.digest} ${why}: it boots the current one` });
  return guestBuilds.current();
}

export function guestPinOf({ digest }: GuestBuild): GuestPin {
  return { digest, protocol: PROTOCOL_VERSION };
}
