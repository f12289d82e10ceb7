import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { errors } from '../errors.ts';
import { findProgram } from '../processes/environment.ts';
import { archiveError } from '../unpack/archive-error.ts';
import type { TarSource } from './jobs.ts';

export interface OpenTarSource extends AsyncDisposable {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** How far a file was read, in bytes as they are on the disk; undefined for programs. */
  position(): { readonly done: number; readonly total: number } | undefined;
  /** Waits for the end of the program. @throws what it failed with */
  finished(): Promise<void>;
  /** As {@link finished}, for when its output made no sense: a program that runs on is ended, which is no failure. */
  failure(): Promise<void>;
}

const EXIT_WAIT_MS = 1_000;

export async function openTarSource(source: TarSource, note: (line: string) => void): Promise<OpenTarSource> {
  if ('program' in source) return fromProgram(source.program, source.args, { ...source.env }, note);
  const file = await open(source.file, 'r');
  const { size } = await file.stat();
  const magic = Buffer.alloc(6);
  await file.read(magic, 0, magic.length, 0);
  await file.close();
  if (magic.toString('latin1', 0, 3) === 'BZh') {
    throw archiveError('The archive is compressed with bzip2.', 'Take plain tar, gzip, zstd or xz.');
  }
  if (magic.equals(Buffer.from('fd377a585a00', 'hex'))) {
    if (findProgram('xz') === undefined) throw errors.missingProgram('xz', 'xz-utils');
    return fromProgram('xz', ['-dcq', '--', source.file], {}, note);
  }
  const raw = createReadStream(source.file, { highWaterMark: 2 ** 18 });
  const bytes = decompressed(raw, magic);
  return {
    bytes: readable(bytes),
    position: () => ({ done: raw.bytesRead, total: size }),
    finished: async () => {},
    failure: async () => {},
    [Symbol.asyncDispose]: async () => void raw.destroy(),
  };
}

function decompressed(raw: Readable, magic: Buffer): Readable {
  const options = { chunkSize: 2 ** 18 };
  if (magic.readUInt16BE(0) === 0x1f8b) return pipeline(raw, createGunzip(options), () => {});
  if (magic.readUInt32LE(0) === 0xfd2fb528) return pipeline(raw, createZstdDecompress(options), () => {});
  return raw;
}

async function* readable(stream: Readable): AsyncGenerator<Uint8Array> {
  try {
    yield* stream as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw archiveError(`The archive cannot be decompressed: ${(error as Error).message}.`);
  }
}

function fromProgram(
  program: string,
  args: readonly string[],
  env: Record<string, string>,
  note: (line: string) => void,
): OpenTarSource {
  const path = findProgram(program) ?? program;
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', path, ...args], {
    env: { ...process.env, ...env },
    // 3 is the lock of the build: the program holds it too.
    stdio: ['ignore', 'pipe', 'pipe', 3],
  }) as ChildProcess & Record<'stdout' | 'stderr', Readable>;
  const tail: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    tail.push(line);
    if (tail.length > 40) tail.shift();
    note(line);
  });
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  closed.catch(() => {});
  const finished = async () => {
    const [code, signal] = await closed;
    if (code !== 0)
      throw errors.programFailed(program, failureText(tail) || `it ended with ${signal ?? `code ${code}`}`);
  };
  return {
    bytes: child.stdout,
    position: () => undefined,
    finished,
    failure: async () => {
      const ended = await Promise.race([closed.then(() => true), after(EXIT_WAIT_MS)]);
      if (ended) await finished();
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      child.stdout.destroy();
    },
  };
}

async function after(ms: number): Promise<false> {
  const { promise, resolve } = Promise.withResolvers<false>();
  setTimeout(() => resolve(false), ms).unref();
  return promise;
}

function failureText(lines: readonly string[]): string {
  const telling = lines.filter((line) => /^E:|error|failed|cannot/i.test(line));
  return (telling.length > 0 ? telling : lines).slice(-3).join('; ');
}
