import { join } from 'node:path';
import type { VmhostLink } from '../hosts/vmhost-link.ts';
import type { Caller, Dependencies } from '../machines/dependencies.ts';
import type { HeldMachine } from '../machines/machine.ts';
import { machineUser } from '../machines/machine-user.ts';
import { ensureOverlay } from '../machines/overlay.ts';
import { stageSaved } from '../saved/saved-copy.ts';
import { readSaved, SAVED_FOLDER } from '../saved/saved-machine.ts';
import { SAVE_MS } from '../saved/suspend.ts';
import type { SaveResult } from '../vmhost/saving.ts';
import type { Freeze } from './layers.ts';

/** Best effort: what the guest keeps in its memory is on its disk then. */
const SYNC_MS = 10_000;

/** A VM whose disk is about to become a layer, and what the steps of that share. */
export interface Taking {
  readonly held: HeldMachine;
  readonly dependencies: Dependencies;
  readonly caller: Caller;
  freeze?: Freeze;
  /** The machine was asked to switch. */
  asked?: boolean;
  result?: SaveResult;
}

export async function beginFreeze(taking: Taking): Promise<void> {
  const { held, dependencies, caller } = taking;
  const { record, dir, link } = held;
  // What a vmhost of an earlier nook cannot tell it could not tell afterwards either.
  if (link) await ask(link, caller, 'disk');
  // One that never ran has no disk yet.
  const disk = dependencies.layers.diskOf(record.id, dir);
  const layered = dependencies.layers.isLayered(record.id);
  if (record.run.boot === 0)
    await ensureOverlay(dir, record, { disk, layered, user: machineUser(record.id), from: undefined });
  taking.freeze = await dependencies.layers.begin(record, dir);
}

/** After a failure: whatever the machine writes to is its disk. */
export async function endFreeze({ held, dependencies, caller, freeze, asked }: Taking): Promise<void> {
  if (!freeze) return;
  const { record, dir, link } = held;
  const { layers } = dependencies;
  if (!link || !asked) return layers.settle(record, dir, { switched: false });
  // One that does not answer is asked by the next daemon, or is gone.
  const answer = await ask<{ disk: string }>(link, caller, 'disk').catch(() => undefined);
  if (answer) await layers.adopt(record, dir, answer.disk);
}

/** The machine goes on with its next disk. @param folder where its memory is saved at that moment; absent: nowhere */
export async function switchDisk(taking: Taking, folder: string | undefined): Promise<void> {
  const { held, caller, freeze } = taking;
  const { link } = held;
  if (!link || !freeze) return;
  if (folder === undefined && held.record.state === 'running')
    await link.call('rehearse', { argv: ['sync'] }, { opId: caller.opId, timeoutMs: SYNC_MS }).catch(() => {});
  taking.asked = true;
  taking.result = await ask<SaveResult>(link, caller, 'save', { folder, disk: freeze.next });
}

function ask<T>(link: VmhostLink, { opId }: Caller, method: string, params: object = {}): Promise<T> {
  return link.call<T>(method, params, { opId, timeoutMs: SAVE_MS });
}

/** The memory of a suspended VM is to belong to its next disk. */
export async function keepSuspended({ record, dir }: HeldMachine, disk: string): Promise<void> {
  if (record.state !== 'suspended') return;
  const from = join(dir, SAVED_FOLDER);
  const manifest = await readSaved(from);
  if (manifest) await stageSaved(dir, { from, manifest, disk, continues: manifest.continues });
}
