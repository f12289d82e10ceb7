import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Logger, type MachineState, NookError } from '@nook/daemonapi';
import { passGate } from '../gate.ts';
import { commitSaved, discardSaved, SAVED_FILES, type SavedAbout } from '../saved/saved-machine.ts';
import type { DrivenMachine } from './driven-machine.ts';
import type { GuestChannel } from './guest-channel.ts';
import type { HostSpec } from './host-spec.ts';
import { writeSessions } from './saved-sessions.ts';
import type { SessionTable } from './session-table.ts';

/** What an agent needs to send what it has begun. */
const HOLD_MS = 5_000;
const SUSPENDED = 'the VM was suspended';

export interface SaveRequest {
  /** Where memory and devices go; absent with a folder, and when only the disk is meant. */
  readonly to?: MachineState | undefined;
  /** Where they go together with the sessions. */
  readonly folder?: string | undefined;
  /** A qcow2 file for the machine to go on with; the present one is then written to no more. */
  readonly disk?: string | undefined;
  /** With a folder: what the machine is, so that it is taken up again as nothing else. */
  readonly about?: SavedAbout | undefined;
  readonly end: boolean;
}

export interface SaveResult {
  /** How long the guest stood still; until its end, when it does not go on. */
  readonly pause_ms: number;
  /** How much of its memory was written. */
  readonly bytes: number;
}

/** The machine that is saved, and its guest as it stands. */
interface Saved {
  readonly machine: DrivenMachine;
  readonly sessions: SessionTable;
  readonly log: Logger;
  readonly spec: () => HostSpec;
  readonly guest: () => GuestChannel | undefined;
  readonly paused: () => boolean;
  /** @throws NookError `not_running` */
  readonly requireReady: () => void;
  /** Which CONFIGURE it was told last, and how long it has run. */
  readonly run: () => { readonly epoch: bigint; readonly ranMs: number };
  /** Ends it at once: a machine that is asked to leave might still write to its disk. */
  readonly leave: () => void;
  readonly onChange: () => void;
}

/** Memory, devices, sessions and disk of a machine as they stand at one moment; one save at a time. */
export class Saving {
  readonly #of: Saved;
  #latest: Promise<unknown> = Promise.resolve();
  #disk: string;
  /** It is what stands in its folder, and nothing of it may change any more. */
  suspended = false;

  constructor(of: Saved) {
    this.#of = of;
    this.#disk = of.spec().machine.disk.path;
  }

  /** Settles when no save is under way. */
  get rests(): Promise<unknown> {
    return this.#latest;
  }

  /** The file that the machine writes to, once no save is under way. */
  async disk(): Promise<{ readonly disk: string }> {
    await this.#latest;
    return { disk: this.#disk };
  }

  /**
   * Saves, then goes on or ends. A guest that was paused goes on for a moment first: what is on its way between it and its
   * sessions' clients would be cut.
   * @throws NookError `unavailable` when the driver cannot, `not_running` when the guest is not ready
   */
  save(request: SaveRequest): Promise<SaveResult> {
    const turn = this.#latest.then(() => this.#save(request));
    this.#latest = turn.catch(() => {});
    return turn;
  }

  async #save({ to, folder, about, disk, end }: SaveRequest): Promise<SaveResult> {
    const { machine, sessions, log } = this.#of;
    const memory =
      folder === undefined ? to : { ram: join(folder, SAVED_FILES.memory), devices: join(folder, SAVED_FILES.devices) };
    if (memory) this.#requireSaveable();
    if (folder !== undefined) await emptyFolder(folder);
    const paused = this.#of.paused();
    if (paused && memory) await machine.resume();
    else if (!paused) this.#of.requireReady();
    let pausedAt = performance.now();
    try {
      if (memory) {
        await this.#of.guest()?.hold(HOLD_MS);
        const { bytes, paused_at } = await machine.saveState(memory);
        pausedAt = paused_at;
        await passGate('save.memory');
        if (disk !== undefined) await this.#switchDisk(disk);
        if (folder !== undefined && about !== undefined && end) await this.#suspend(folder, about);
        else if (folder !== undefined) this.#writeSessions(folder);
        if (end) this.#of.leave();
        else if (!paused) await machine.resume();
        return { bytes, pause_ms: performance.now() - paused_at };
      }
      if (!paused) await machine.pause();
      if (disk !== undefined) await this.#switchDisk(disk);
      if (!paused) await machine.resume();
      return { bytes: 0, pause_ms: performance.now() - pausedAt };
    } catch (error) {
      sessions.reopen();
      if (folder !== undefined) await discardSaved(folder).catch(() => {});
      await (paused ? machine.pause() : machine.resume()).catch(() => {});
      throw error;
    } finally {
      this.#of.guest()?.release();
      log.info({ ms: Math.round(performance.now() - pausedAt) }, 'state saved');
      this.#of.onChange();
    }
  }

  #requireSaveable(): void {
    const { guest_mounts, machine, identity } = this.#of.spec();
    const drives = (machine.drives ?? []).length > 0;
    if (guest_mounts.length === 0 && !drives) return;
    const what = drives ? 'has drives of features' : 'mounts folders of the host';
    throw new NookError('conflict', `The memory of a VM that ${what} cannot be saved.`, {
      hint: `Its disk can be: nook vm snapshot create --disk-only ${identity.hostname} NAME`,
    });
  }

  async #switchDisk(path: string): Promise<void> {
    await this.#of.machine.switchDisk(path);
    this.#disk = path;
    await passGate('save.disk');
  }

  async #suspend(folder: string, about: SavedAbout): Promise<void> {
    this.#of.sessions.close(SUSPENDED);
    this.#writeSessions(folder);
    await commitSaved(folder, { about, continues: true, saved_at: Date.now(), disk: this.#disk });
    this.suspended = true;
    await passGate('save.commit').catch(() => {});
  }

  #writeSessions(folder: string): void {
    const guest = this.#of.guest() as GuestChannel;
    const { saved, output } = this.#of.sessions.save();
    const { epoch, ranMs } = this.#of.run();
    writeSessions(join(folder, SAVED_FILES.sessions), {
      guest: { epoch: String(epoch), next_channel: guest.nextChannel, table: saved, ran_ms: Math.round(ranMs) },
      ...{ output, pending: guest.kept },
    });
  }
}

async function emptyFolder(folder: string): Promise<void> {
  await discardSaved(folder);
  await mkdir(folder, { recursive: true, mode: 0o700 });
}
