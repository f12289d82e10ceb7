import { join } from 'node:path';
import { bootId, isAlive, killExactly, type ProcessIdentity } from '@nook/wire';
import { clearAway } from '../hosts/leftovers.ts';
import { VmhostLink } from '../hosts/vmhost-link.ts';
import { adoptStaged } from '../saved/saved-copy.ts';
import { discardSaved, SAVED_FOLDER } from '../saved/saved-machine.ts';
import { SAVE_MS } from '../saved/suspend.ts';
import { identityOnDisk } from './identity-on-disk.ts';
import { isLive, type MachineCore } from './machine-core.ts';
import type { MachineEnd } from './machine-end.ts';
import type { MachineLink } from './machine-link.ts';

/** Finds out, after a start of the daemon, what became of a machine, and takes it up again where it runs. */
export async function recoverMachine(core: MachineCore, end: MachineEnd, following: MachineLink): Promise<void> {
  const { state, unreadable } = core.record;
  // Nobody knows any more what it is that may run there.
  if (unreadable !== undefined) return clearAway(core.dir, undefined, core.dependencies);
  if (!isLive(state)) {
    if (state !== 'suspended') core.supervision.recover({ rebooted: false });
    return end.settle(() => recoverOff(core, end));
  }
  const identity = await identityOnDisk(core.dir);
  if (!identity || !isAlive(identity)) {
    const token = identity?.token;
    const rebooted = isOfAnotherBoot(identity) || isOfAnotherBoot(core.record.run.vmhost);
    if (rebooted) return end.settle(() => end.onLost({ token, cause: 'the host was restarted', by: 'host' }));
    const cause = state === 'starting' ? 'its start was interrupted' : 'its vmhost died';
    return end.settle(() => end.onLost({ token, cause }));
  }
  if (state === 'starting' && core.features.due) {
    // Its guest may be up, but not all that its features make of it: nobody was given it yet.
    killExactly(identity);
    return end.settle(() => end.onLost({ token: undefined, cause: 'its start was interrupted' }));
  }
  const link = await VmhostLink.open(core.dir, identity.token).catch(() => undefined);
  if (link) {
    following.adopt(link, identity.token);
    askForDisk(core, link);
    return;
  }
  // It lives and listens no more: it was ending when the daemon was gone.
  killExactly(identity);
  return end.settle(() => end.onLost({ token: identity.token }));
}

/** What was done to a machine that does not run may have been interrupted. */
async function recoverOff(core: MachineCore, end: MachineEnd): Promise<void> {
  await core.dependencies.layers.repair(core.record, core.dir);
  if (await adoptStaged(core.dir, core.disk)) core.set({ state: 'suspended' });
  else if (core.record.state !== 'suspended') await discardSaved(join(core.dir, SAVED_FOLDER));
  const lost = await core.lost();
  if (lost !== undefined) core.set({ state: 'failed', cause: lost });
  await end.cleanUp();
}

/** An earlier daemon may have told it to go on with another one; it knows whether it did. */
function askForDisk(core: MachineCore, link: VmhostLink): void {
  const { layers, log } = core.dependencies;
  if (!layers.records.disk(core.record.id).next) return;
  core
    .exclusively(async () => {
      const { disk } = await link.call<{ disk: string }>('disk', {}, { opId: 'op-recover', timeoutMs: SAVE_MS });
      await layers.adopt(core.record, core.dir, disk);
      await layers.collect();
    })
    .catch((error: Error) => log.warn({ vm: core.record.name, error: error.message }, 'its disk is not known yet'));
}

function isOfAnotherBoot(identity: ProcessIdentity | undefined): boolean {
  return identity !== undefined && identity.boot_id !== '' && identity.boot_id !== bootId();
}
