import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { isNookError, NookError } from '@nook/daemonapi';
import { formatByteSize } from '../byte-size.ts';
import { isNoSpace } from '../errors.ts';
import { type Blame, Fetcher } from '../registry/fetcher.ts';
import { ATTEMPTS, backoff, pause } from '../registry/retry.ts';
import type { FetchJob, WorkerLine } from './jobs.ts';

const PROGRESS_MS = 100;

const blame: Blame = {
  unreachable: (host, reason, cause) =>
    new NookError('unavailable', `${host} cannot be reached: ${reason}.`, { hint: 'Check the URL.', cause }),
  untrusted: (host, reason, cause) =>
    new NookError('unavailable', `${host} has a certificate that is not trusted: ${reason}.`, {
      hint: "Restart the daemon with its authority's certificate: NODE_EXTRA_CA_CERTS=FILE nook daemon restart",
      cause,
    }),
  wrong: (host, what) => new NookError('operation_failed', `${host} sent ${what}.`),
};

interface Received {
  readonly file: FileHandle;
  readonly job: FetchJob;
  readonly fetcher: Fetcher;
  readonly say: (line: WorkerLine) => void;
  hash: Hash;
  bytes: number;
  said: number;
}

/** Brings a file of the web whose digest is known. What was cut off is gone on with, where the server can. */
export async function fetchFile(job: FetchJob, say: (line: WorkerLine) => void): Promise<Record<string, never>> {
  const { signal } = new AbortController();
  const fetcher = new Fetcher(new URL(job.url), { blame });
  await using file = await open(job.output, 'wx', 0o600);
  const hash = createHash('sha256');
  const received: Received = { file, job, fetcher, say, hash, bytes: 0, said: Number.NEGATIVE_INFINITY };
  for (let attempt = 0; ; attempt += 1) {
    const before = received.bytes;
    try {
      await receive(received, signal);
      break;
    } catch (error) {
      if (isNookError(error) || isNoSpace(error)) throw error;
      if (received.bytes > before) attempt = 0;
      const { host } = new URL(job.url);
      if (attempt >= ATTEMPTS) throw blame.unreachable(host, (error as Error).message, error);
      await pause(backoff(attempt, null, Date.now()), signal);
    }
  }
  const digest = `sha256:${received.hash.digest('hex')}`;
  if (digest === job.digest) return {};
  throw new NookError('operation_failed', `${job.url} has the digest ${digest}, not ${job.digest}.`, {
    hint: 'Check the SHA-256; when it is right, the file was changed where it comes from or on the way.',
  });
}

async function receive(received: Received, signal: AbortSignal): Promise<void> {
  const { job, fetcher, file } = received;
  const from = received.bytes;
  const url = new URL(job.url);
  // What is hashed is the file, not a packed form of it.
  const headers = { 'accept-encoding': 'identity', ...(from === 0 ? {} : { range: `bytes=${from}-` }) };
  const response = await fetcher.fetch(url, { signal, headers });
  if (response.status === 200 && from > 0) await restart(received);
  else if (response.status !== (from === 0 ? 200 : 206)) {
    await response.body?.cancel();
    throw statusError(url, response.status);
  }
  const length = Number(response.headers.get('content-length') ?? Number.NaN);
  const total = Number.isNaN(length) ? undefined : received.bytes + length;
  if ((total ?? 0) > job.max_bytes) {
    await response.body?.cancel();
    throw tooLarge(job);
  }
  for await (const piece of fetcher.pieces(response)) {
    if (received.bytes + piece.length > job.max_bytes) throw tooLarge(job);
    await file.write(piece, 0, piece.length, received.bytes);
    received.hash.update(piece);
    received.bytes += piece.length;
    tell(received, total);
  }
  if (total !== undefined && received.bytes < total) throw new Error('the connection ended early');
}

/** The server does not go on where it was interrupted. */
async function restart(received: Received): Promise<void> {
  await received.file.truncate(0);
  received.hash = createHash('sha256');
  received.bytes = 0;
}

function tell(received: Received, total: number | undefined): void {
  if (performance.now() - received.said < PROGRESS_MS) return;
  received.said = performance.now();
  const progress = {
    stage: 'download',
    done: received.bytes,
    unit: 'bytes',
    ...(total === undefined ? {} : { total }),
  };
  received.say({ progress });
}

function statusError({ host, pathname }: URL, status: number): NookError {
  const what = `${host} answered ${status} for ${pathname}.`;
  if (status === 404 || status === 410) return new NookError('not_found', what, { hint: 'Check the URL.' });
  if (status === 401 || status === 403) return new NookError('unauthorized', what);
  return new NookError('unavailable', what, { hint: 'Try again later.' });
}

function tooLarge({ url, max_bytes }: FetchJob): NookError {
  return new NookError('bad_request', `${url} is larger than ${formatByteSize(max_bytes)}.`);
}
