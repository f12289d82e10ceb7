import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type CliCommand, NookError } from '@nook/daemonapi';
import { formatByteSize } from '../byte-size.ts';
import type { ExportFormat } from '../contract.ts';
import { callWithProgress, text } from './show.ts';

const FORMATS: readonly ExportFormat[] = ['oci-layout', 'docker-archive', 'tar', 'qcow2'];

export const exportCommand: CliCommand = {
  name: 'image export',
  summary: 'Write an image as an OCI layout, an archive for docker load, a tar, or a disk',
  positionals: [{ name: 'image', required: true, help: 'Name or digest' }],
  options: {
    format: { value: 'FORMAT', help: `${FORMATS.join(', ')}; ${FORMATS[1]} when absent` },
    output: {
      short: 'o',
      value: 'PATH',
      help: 'Where to; - for stdout (when absent). An OCI layout is a folder, or a tar when PATH ends with .tar',
    },
  },
  examples: [
    'nook image export mine -o mine.tar',
    'nook image export mine --format oci-layout -o mine',
    'nook image export mine --format qcow2 -o mine.qcow2',
    'nook image export mine | docker load',
  ],
  async run({ positionals, options, context }) {
    const reference = String(positionals.image);
    const format = formatOf(text(options.format) ?? 'docker-archive');
    const output = text(options.output) ?? '-';
    if (output !== '-') {
      const exported = await callWithProgress(context, 'image.export', { reference, format, path: resolve(output) });
      if (context.json) context.out.json(exported);
      else context.out.line(`${exported.path} ${formatByteSize(exported.bytes)}`);
      return;
    }
    if (process.stdout.isTTY) {
      throw new NookError('bad_params', 'An image is not written to a terminal.', { hint: 'Say where to: -o PATH' });
    }
    const directory = await mkdtemp(join(tmpdir(), 'nook-export-'));
    try {
      const path = join(directory, 'image.tar');
      await callWithProgress(context, 'image.export', { reference, format, path });
      await pipeline(createReadStream(path), process.stdout, { end: false });
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  },
};

function formatOf(format: string): ExportFormat {
  const found = FORMATS.find((known) => known === format);
  if (found !== undefined) return found;
  throw new NookError('bad_params', `There is no format '${format}'.`, { hint: `There is: ${FORMATS.join(', ')}.` });
}
