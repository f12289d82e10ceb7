import type { CliOutput } from '@nook/daemonapi';
import { columns } from './columns.ts';
import type { ProgressLine } from './progress-line.ts';

interface Streams {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
}

/** What commands print with. A progress line makes way for anything that is printed. */
export function createOutput({ stdout, stderr }: Streams, progress: ProgressLine): CliOutput {
  const line = (stream: NodeJS.WritableStream, text: string) => {
    progress.clear();
    stream.write(`${text}\n`);
  };
  return {
    line: (text) => line(stdout, text),
    json: (value) => line(stdout, JSON.stringify(value, null, 2)),
    table: (header, rows) => {
      for (const text of columns([header, ...rows], 2)) line(stdout, text);
    },
    note: (text) => line(stderr, text),
  };
}
