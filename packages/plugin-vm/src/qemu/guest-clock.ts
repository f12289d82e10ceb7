import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { Logger } from '@nook/daemonapi';
import { writeFileAtomic } from '@nook/wire';
import { bootOnce, type OnceGuest } from './boot-once.ts';
import { programStamp } from './program-stamp.ts';

interface Measured {
  readonly key: string;
  readonly khz: number;
}

const MEASURE_MS = 20_000;

/**
 * The frequency of the time stamp counter that an emulated guest sees. `microvm` has nothing that a kernel could measure
 * it against when the host is busy; a `q35` guest has, says so when its kernel has looked twice, and is asked once
 * (docs/decisions/0002-machine-type.md). A figure that changed would make saved machines useless.
 */
export class GuestClock {
  readonly #file: string;
  readonly #log: Logger;
  #measured: Measured | undefined;
  #running: Promise<Measured | undefined> | undefined;

  constructor({ cacheDir, log }: { readonly cacheDir: string; readonly log: Logger }) {
    this.#file = join(cacheDir, 'guest-clock.json');
    this.#log = log;
  }

  /** Words for the kernel; none when it could not be measured. */
  async words(guest: OnceGuest, signal: AbortSignal): Promise<string[]> {
    const { program } = guest.settings;
    const key = `${await programStamp(program)}|${cpus()[0]?.model ?? ''}`;
    this.#measured ??= await this.#read();
    if (this.#measured?.key !== key) {
      this.#running ??= this.#measure(guest, key, signal).finally(() => {
        this.#running = undefined;
      });
      this.#measured = await this.#running;
    }
    return this.#measured === undefined ? [] : [`tsc_early_khz=${this.#measured.khz}`];
  }

  async #measure(guest: OnceGuest, key: string, signal: AbortSignal): Promise<Measured | undefined> {
    const outcome = await bootOnce(guest, {
      words: ['loglevel=7'],
      until: /Refined TSC clocksource calibration: ([\d.]+) MHz/,
      timeoutMs: MEASURE_MS,
      signal,
    });
    if (typeof outcome === 'string') {
      this.#log.warn({ reason: outcome }, "the guest's clock could not be measured");
      return undefined;
    }
    const measured = { key, khz: Math.round(Number(outcome[1]) * 1_000) };
    this.#log.info({ khz: measured.khz }, "the guest's clock was measured");
    await writeFileAtomic(this.#file, JSON.stringify(measured));
    return measured;
  }

  async #read(): Promise<Measured | undefined> {
    try {
      return JSON.parse(await readFile(this.#file, 'utf8')) as Measured;
    } catch {
      return undefined;
    }
  }
}
