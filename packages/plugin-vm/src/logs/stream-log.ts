import { createReadStream, watch } from 'node:fs';
import { access, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type CallContext, NookError } from '@nook/daemonapi';
import type { LogSource } from '../contract.ts';
import type { Machine } from '../machines/machine.ts';
import { consoleFile, VM_FILES } from '../vmhost/host-spec.ts';

interface LogRequest {
  readonly source?: LogSource | undefined;
  readonly boot?: number | undefined;
  readonly follow?: boolean | undefined;
}

type LogResult = { source: LogSource; boot: number };

/**
 * Streams a log of a VM; with `follow` until the caller goes or the VM ends.
 * @throws NookError `not_running` for a VM that was never started, `not_found` for a boot that has no log
 */
export async function streamLog(machine: Machine, request: LogRequest, call: CallContext): Promise<LogResult> {
  const { name, run } = machine.record;
  if (run.boot === 0) {
    throw new NookError('not_running', `VM '${name}' was never started, so it has no logs.`, {
      hint: `Start it: nook vm start ${name}`,
    });
  }
  const result = { source: request.source ?? 'console', boot: request.boot ?? run.boot };
  const path = join(machine.dir, result.source === 'console' ? consoleFile(result.boot) : VM_FILES.log);
  await access(path).catch(() => {
    throw new NookError('not_found', `VM '${name}' has no ${result.source} log of boot ${result.boot}.`, {
      hint: `The latest boot is ${run.boot}.`,
    });
  });
  const only = result.source === 'qemu' ? '"machine_stderr":' : undefined;
  const out = call.stream(result);
  if (request.follow) await follow(path, { out, only, signal: call.signal, running: () => isUp(machine) });
  else if (only === undefined) await pipeline(createReadStream(path), out);
  else await pipeline(createReadStream(path), linesWith(only), out);
  return result;
}

function isUp({ record }: Machine): boolean {
  return record.state === 'running' || record.state === 'starting' || record.state === 'stopping';
}

function linesWith(mark: string) {
  return async function* (source: AsyncIterable<Buffer>): AsyncGenerator<string> {
    let rest = '';
    for await (const chunk of source) {
      const lines = (rest + chunk.toString('utf8')).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.includes(mark)) yield `${line}\n`;
    }
  };
}

interface Following {
  readonly out: Duplex;
  readonly only: string | undefined;
  readonly signal: AbortSignal;
  running(): boolean;
}

async function follow(path: string, { out, only, signal, running }: Following): Promise<void> {
  const file = await open(path, 'r');
  const watcher = watch(path);
  try {
    const source = async function* (): AsyncGenerator<Buffer> {
      const buffer = Buffer.allocUnsafe(64 * 1024);
      while (!signal.aborted && !out.destroyed) {
        const changed = new Promise<void>((resolve) => {
          watcher.once('change', () => resolve());
          watcher.once('close', () => resolve());
        });
        for (;;) {
          const { bytesRead } = await file.read(buffer, 0, buffer.length);
          if (bytesRead === 0) break;
          yield Buffer.from(buffer.subarray(0, bytesRead));
        }
        if (!running()) return;
        await changed;
      }
    };
    const stop = () => watcher.close();
    signal.addEventListener('abort', stop, { once: true });
    out.once('close', stop);
    if (only === undefined) await pipeline(source, out);
    else await pipeline(source, linesWith(only), out);
  } finally {
    watcher.close();
    await file.close();
  }
}
