import type { CliCommand } from '@nook/daemonapi';
import { formatMebibytes } from './mebibytes.ts';
import { SIZE_OPTIONS, shapeRequest } from './shape-options.ts';

export const warm: CliCommand = {
  name: 'image warm',
  summary: 'Boot an image once and keep that, for new VMs to begin there',
  positionals: [{ name: 'IMAGE', help: 'image to boot (default: the one of VMs that name none)' }],
  options: SIZE_OPTIONS,
  examples: ['nook image warm', 'nook image warm busybox', 'nook image warm debian-12 --vcpus 2 --memory 2G'],
  async run({ positionals, options, context }) {
    using progress = context.progress();
    const image = positionals.IMAGE === undefined ? {} : { image: String(positionals.IMAGE) };
    const template = await context.call(
      'vm.template.warm',
      { ...shapeRequest(options), ...image },
      { onProgress: (update) => progress.update(update) },
    );
    if (context.json) return context.out.json(template);
    const { key, bytes, made } = template;
    context.out.line(`${key.slice(0, 12)} ${formatMebibytes(bytes)}${made ? '' : ', was there'}`);
  },
};
