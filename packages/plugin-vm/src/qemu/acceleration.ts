import { readFileSync, statSync } from 'node:fs';
import { arch, cpus, release } from 'node:os';
import { join } from 'node:path';
import type { Logger } from '@nook/daemonapi';
import { writeFileAtomic } from '@nook/wire';
import { type ProbeGuest, probe, type Verdict } from './probe.ts';
import { programStamp } from './program-stamp.ts';
import type { QemuConfig } from './qemu-config.ts';

interface CachedVerdict extends Verdict {
  readonly key: string;
  readonly at: number;
}

/** Which accelerator this host's VMs get, found out once by a probe guest and kept in the cache with its reason. */
export class Acceleration {
  readonly #file: string;
  readonly #config: QemuConfig;
  readonly #log: Logger;
  #running: Promise<Verdict> | undefined;

  constructor(options: { cacheDir: string; config: QemuConfig; log: Logger }) {
    this.#file = join(options.cacheDir, 'accelerator.json');
    this.#config = options.config;
    this.#log = options.log;
  }

  /** What is known without booting anything. */
  async known(): Promise<Verdict | undefined> {
    const { accelerator } = this.#config;
    if (accelerator !== 'auto') return { accelerator, reason: 'set by [vm] accelerator in config.toml' };
    const cached = this.#cached();
    return cached?.key === this.#key() ? cached : undefined;
  }

  /** The verdict; boots the probe guest when there is none yet. Callers at the same time share one probe. */
  async choose(guest: ProbeGuest, signal: AbortSignal): Promise<Verdict> {
    const known = await this.known();
    if (known) return known;
    this.#running ??= this.#probe(guest, signal).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #probe(guest: ProbeGuest, signal: AbortSignal): Promise<Verdict> {
    const key = this.#key();
    const verdict = await probe(guest, signal);
    this.#log.info({ ...verdict }, 'accelerator chosen');
    const cached: CachedVerdict = { ...verdict, key, at: Date.now() };
    await writeFileAtomic(this.#file, JSON.stringify(cached));
    return verdict;
  }

  #cached(): CachedVerdict | undefined {
    try {
      return JSON.parse(readFileSync(this.#file, 'utf8')) as CachedVerdict;
    } catch {
      return undefined;
    }
  }

  /** All that a verdict depends on: another value of any of these asks for another probe. */
  #key(): string {
    const found = statSync('/dev/kvm', { throwIfNoEntry: false });
    const device = found === undefined ? 'none' : `${found.mode}:${found.uid}:${found.gid}`;
    const user = `${process.getuid?.()}:${process.getgroups?.().sort().join(',')}`;
    return [programStamp(this.#config.qemu), arch(), release(), cpus()[0]?.model ?? '', device, user].join('|');
  }
}
