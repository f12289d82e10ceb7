import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NookError } from '@nook/daemonapi';
import { writeFileAtomic } from '@nook/wire';
import { execa } from 'execa';
import { programStamp } from './program-stamp.ts';
import type { MachineType } from './qemu-settings.ts';

interface Facts {
  readonly version: string;
  /** What each machine type of ours stands for, e.g. q35 for `pc-q35-7.2`. */
  readonly machines: Readonly<Record<MachineType, string>>;
}

interface KeptFacts extends Facts {
  readonly stamp: string;
}

const ASK_MS = 10_000;

/** The QEMU of this host: asked once for its version and machine types, and again only when the program was replaced. */
export class InstalledQemu {
  readonly #program: string;
  readonly #file: string;
  #kept: KeptFacts | undefined;

  constructor(program: string, cacheDir: string) {
    this.#program = program;
    this.#file = join(cacheDir, 'qemu.json');
  }

  /** @throws NookError `unavailable` when it cannot be run */
  async facts(signal: AbortSignal): Promise<Facts> {
    const stamp = programStamp(this.#program);
    this.#kept ??= await this.#read();
    if (this.#kept?.stamp !== stamp) {
      this.#kept = { stamp, ...(await this.#ask(signal)) };
      await writeFileAtomic(this.#file, JSON.stringify(this.#kept));
    }
    return this.#kept;
  }

  async #read(): Promise<KeptFacts | undefined> {
    try {
      return JSON.parse(await readFile(this.#file, 'utf8')) as KeptFacts;
    } catch {
      return undefined;
    }
  }

  async #ask(signal: AbortSignal): Promise<Facts> {
    const [version, machines] = await Promise.all([
      this.#run(['--version'], signal),
      this.#run(['-machine', 'help'], signal),
    ]);
    return {
      version: /version (.+)/.exec(version)?.[1] ?? 'unknown',
      machines: { q35: /\(alias of (pc-q35-[\w.+-]+)\)/.exec(machines)?.[1] ?? 'q35', microvm: 'microvm' },
    };
  }

  async #run(args: readonly string[], signal: AbortSignal): Promise<string> {
    const { stdout, failed, message } = await execa(this.#program, args, {
      reject: false,
      cancelSignal: signal,
      timeout: ASK_MS,
    });
    signal.throwIfAborted();
    if (!failed) return stdout;
    throw new NookError('unavailable', `${this.#program} ${args.join(' ')} fails: ${message}`);
  }
}
