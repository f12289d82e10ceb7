import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { pipeline, Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { errors } from '../errors.ts';
import { findProgram } from '../processes/environment.ts';
import { archiveError } from '../unpack/archive-error.ts';
import { checkDigest } from './check-digest.ts';
import type { TarSource } from './jobs.ts';
import { LOCK_FD } from './lock-fd.ts';

export interface OpenTarSource extends AsyncDisposable {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Whether they are not the bytes of the file as it is. */
  readonly packed: boolean;
  /** How far a file was read, in bytes as they are on the disk; undefined for programs. */
  position(): { readonly done: number; readonly total: number } | undefined;
  /** Waits for the end of the program. @throws what it failed with */
  finished(): Promise<void>;
  /** As {@link finished}, for when its output made no sense: a program that runs on is ended, which is no failure. */
  failure(): Promise<void>;
}

const EXIT_WAIT_MS = 1_000;
const XZ = Buffer.from('fd377a585a00', 'hex');

export async function openTarSource(source: TarSource, note: (line: string) => void): Promise<OpenTarSource> {
  if ('program' in source) return fromProgram(source.program, source.args, { env: { ...source.env }, note });
  const { start, length } = source.part ?? { start: 0, length: (await stat(source.file)).size };
  const magic = await magicOf(source.file, start);
  if (magic.toString('latin1', 0, 3) === 'BZh') {
    throw archiveError('The archive is compressed with bzip2.', 'Take plain tar, gzip, zstd or xz.');
  }
  if (source.digest !== undefined) await checkDigest(source.file, { start, length, digest: source.digest });
  const end = start + length - 1;
  const raw = length === 0 ? Readable.from([]) : createReadStream(source.file, { start, end, highWaterMark: 2 ** 18 });
  const position = () => ({ done: 'bytesRead' in raw ? raw.bytesRead : 0, total: length });
  if (magic.equals(XZ)) {
    if (findProgram('xz') === undefined) throw errors.missingProgram('xz', 'xz-utils');
    const program = fromProgram('xz', ['-dcq'], { env: {}, note, input: raw });
    return { ...program, position };
  }
  const bytes = decompressed(raw, magic);
  return {
    bytes: readable(bytes),
    packed: bytes !== raw,
    position,
    finished: async () => {},
    failure: async () => {},
    [Symbol.asyncDispose]: async () => void raw.destroy(),
  };
}

async function magicOf(path: string, position: number): Promise<Buffer> {
  await using file = await open(path);
  return (await file.read(Buffer.alloc(6), { position })).buffer;
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

interface ProgramOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly note: (line: string) => void;
  /** For its stdin. */
  readonly input?: Readable;
}

function fromProgram(program: string, args: readonly string[], { env, note, input }: ProgramOptions): OpenTarSource {
  const path = findProgram(program) ?? program;
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', path, ...args], {
    env: { ...process.env, ...env },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe', LOCK_FD],
  }) as ChildProcess & Record<'stdout' | 'stderr', Readable>;
  if (input !== undefined && child.stdin !== null) pipeline(input, child.stdin, () => {});
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
    packed: true,
    position: () => undefined,
    finished,
    failure: async () => {
      const ended = await Promise.race([closed.then(() => true), after(EXIT_WAIT_MS)]);
      if (ended) await finished();
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      child.stdout.destroy();
      input?.destroy();
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
