import { pipeline } from 'node:stream/promises';
import { type CallContext, type EventBus, NookError } from '@nook/daemonapi';
import type { LogSource, VmState } from '../contract.ts';
import { fileExists } from '../file-exists.ts';
import type { Machine } from '../machines/machine.ts';
import { logPlace, noSuchLog } from './log-source.ts';
import { type Following, readRotated } from './rotated-reader.ts';

interface LogRequest {
  readonly source?: LogSource | undefined;
  readonly boot?: number | undefined;
  readonly follow?: boolean | undefined;
}

type LogResult = { source: LogSource; boot: number };

const UP: readonly VmState[] = ['starting', 'running', 'paused', 'stopping'];

/**
 * Streams a log of a VM; with `follow` until the caller goes or that boot ends.
 * @throws NookError `not_running` for a VM that was never started, `not_found` for a boot that has no log
 */
export async function streamLog(
  machine: Machine,
  { source = 'console', boot, follow = false }: LogRequest,
  { call, events }: { call: CallContext; events: EventBus },
): Promise<LogResult> {
  const { name, run } = machine.record;
  if (run.boot === 0) {
    throw new NookError('not_running', `VM '${name}' was never started, so it has no logs.`, {
      hint: `Start it: nook vm start ${name}`,
    });
  }
  const result = { source, boot: boot ?? run.boot };
  const place = logPlace(machine.dir, source, result.boot);
  const there = result.boot <= run.boot && (await fileExists(place.path));
  if (!there) throw noSuchLog(name, { ...result, latest: run.boot });
  const out = call.stream(result);
  const left = new AbortController();
  out.once('close', () => left.abort());
  const following: Following = {
    signal: AbortSignal.any([call.signal, left.signal]),
    running: () => machine.record.run.boot === result.boot && UP.includes(machine.record.state),
    onChange: (listener) => events.subscribe('vm.*', listener),
  };
  const bytes = readRotated(place.path, follow ? following : undefined);
  if (place.holds) await pipeline(bytes, linesThat(place.holds), out);
  else await pipeline(bytes, out);
  return result;
}

function linesThat(holds: (line: string) => boolean) {
  return async function* (source: AsyncIterable<Buffer>): AsyncGenerator<string> {
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of source) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (holds(line)) yield `${line}\n`;
    }
  };
}
