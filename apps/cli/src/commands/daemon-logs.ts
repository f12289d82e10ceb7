import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import { type CliCommand, NookError } from '@nook/daemonapi';
import { resolveDirs } from '@nook/wire';

export const daemonLogs: CliCommand = {
  name: 'daemon logs',
  summary: "Print the daemon's log, one JSON object a line",
  options: { op: { value: 'ID', help: 'only lines of this op id, as an error names it' } },
  examples: ['nook daemon logs', 'nook daemon logs --op op-6z1kq0w2ha'],
  async run({ options, context }) {
    const path = join(resolveDirs().state, 'logs', 'nookd.log');
    const lines = createReadStream(path);
    try {
      await pipeline(lines, linesOf(options.op as string | undefined), context.stdout, { end: false });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      throw new NookError('not_found', `There is no log yet: '${path}'.`, {
        hint: 'Start the daemon: nook daemon start',
      });
    }
  },
};

function linesOf(opId: string | undefined) {
  const wanted = opId === undefined ? '' : JSON.stringify(opId);
  return async function* (source: AsyncIterable<Buffer>) {
    for await (const line of createInterface({ input: source as never })) {
      if (line.includes(wanted)) yield `${line}\n`;
    }
  };
}
