import { resolve } from 'node:path';
import type { CliCommand } from '@nook/daemonapi';
import { callWithProgress, shortDigest, text } from './show.ts';

export const registerCommands: readonly CliCommand[] = [
  {
    name: 'image register',
    summary: 'Use a raw disk of yours as an image, where it is',
    positionals: [{ name: 'path', required: true, help: 'A raw disk that is one ext4; it must not change any more' }],
    options: { name: { value: 'NAME', help: 'Name of the image; made of the path when absent' } },
    examples: ['nook image register big.raw --name big'],
    async run({ positionals, options, context }) {
      const params = { path: resolve(String(positionals.path)), name: text(options.name) };
      const image = await callWithProgress(context, 'image.register', params);
      if (context.json) context.out.json(image);
      else context.out.line(`${image.name} ${shortDigest(image.digest)}`);
    },
  },
  {
    name: 'image promote',
    summary: 'Take a registered image into the store, so that its file is no longer needed',
    positionals: [{ name: 'image', required: true, help: 'Name or digest' }],
    examples: ['nook image promote big'],
    async run({ positionals, context }) {
      const image = await callWithProgress(context, 'image.promote', { reference: String(positionals.image) });
      if (context.json) context.out.json(image);
      else context.out.line(`${image.name} ${shortDigest(image.digest)}`);
    },
  },
];
