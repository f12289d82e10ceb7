import type { CliCommand } from '@nook/daemonapi';
import { formatByteSize } from '../byte-size.ts';
import type { ImageInfo, ImageRow } from '../contract.ts';
import { withDebianOptions } from './debian-options.ts';
import { exportCommand } from './export.ts';
import { importCommand } from './import.ts';
import { registerCommands } from './register-disk.ts';
import { callWithProgress, forEachTarget, shortDigest, showFields, showTime, text } from './show.ts';

export const imageCommands: readonly CliCommand[] = [
  {
    name: 'image pull',
    summary: 'Bring an image into the store',
    positionals: [
      {
        name: 'image',
        required: true,
        help: 'Name (see: nook image list), image of a registry, or SCHEME:… of a source',
      },
    ],
    options: {
      name: { value: 'NAME', help: 'Store it under another name' },
      packages: { value: 'A,B', help: 'Of debian:RELEASE: these packages in place of the usual ones' },
      variant: {
        value: 'VARIANT',
        help: 'Of debian:RELEASE: apt, required, minbase (default), buildd, important, standard',
      },
      mirror: { value: 'URL', help: 'Of debian:RELEASE: the archive to take packages from' },
      force: { help: 'Build it anew although it is there' },
    },
    examples: [
      'nook image pull debian-12',
      'nook image pull docker.io/library/python:3-slim',
      'nook image pull busybox --name tiny',
      'nook image pull debian:trixie --packages git,make --name build',
    ],
    async run({ positionals, options, context }) {
      const image = await callWithProgress(context, 'image.pull', {
        reference: withDebianOptions(String(positionals.image), options),
        name: text(options.name),
        force: options.force === true,
      });
      if (context.json) context.out.json(image);
      else context.out.line(`${image.name} ${shortDigest(image.digest)}`);
    },
  },
  {
    name: 'image list',
    aliases: ['image ls'],
    summary: 'List images, also those that can be pulled',
    options: { available: { help: 'Only those that can be pulled by name, or have been, and where they come from' } },
    async run({ options, context }) {
      const available = options.available === true;
      const rows = await context.call('image.list', { available });
      if (context.json) return context.out.json(rows);
      if (available) {
        const shown = (row: ImageRow) => [row.name, row.state, row.sources.join(', '), row.summary];
        return context.out.table(['NAME', 'STATE', 'SOURCES', 'SUMMARY'], rows.map(shown));
      }
      context.out.table(
        ['NAME', 'STATE', 'SIZE', 'DISK', 'DIGEST', 'SUMMARY'],
        rows.map((row) => [
          row.default ? `${row.name} (default)` : row.name,
          row.state,
          row.size_bytes === null ? '-' : formatByteSize(row.size_bytes),
          row.disk_bytes === null ? '-' : formatByteSize(row.disk_bytes),
          row.digest === null ? '-' : shortDigest(row.digest),
          row.summary,
        ]),
      );
    },
  },
  {
    name: 'image show',
    summary: 'Show an image of the store',
    positionals: [{ name: 'image', required: true, help: 'Name or digest' }],
    async run({ positionals, context }) {
      const image = await context.call('image.show', { reference: String(positionals.image) });
      if (context.json) context.out.json(image);
      else showFields(context.out, imageFields(image));
    },
  },
  {
    name: 'image rm',
    summary: 'Remove images that no VM uses',
    positionals: [{ name: 'image', required: true, rest: true, help: 'Names or digests' }],
    run: ({ positionals, context }) =>
      forEachTarget(positionals.image, context, (reference) => context.call('image.rm', { reference })),
  },
  importCommand,
  ...registerCommands,
  exportCommand,
];

function imageFields(image: ImageInfo): Record<string, string> {
  return {
    name: image.name,
    digest: image.digest,
    size: formatByteSize(image.size_bytes),
    source: image.source,
    created: showTime(image.created_at),
    path: image.registered_path ?? image.path,
    ...runFields(image.config),
  };
}

/** What the image says of how it wants to be run. */
function runFields(config: ImageInfo['config']): Record<string, string> {
  const words = (list: readonly string[] | undefined) => (list?.length ? JSON.stringify(list) : undefined);
  const fields = {
    entrypoint: words(config.entrypoint),
    command: words(config.cmd),
    environment: words(config.env),
    directory: config.workdir,
    user: config.user,
    ports: words(config.ports),
    'stop signal': config.stopSignal,
  };
  return Object.fromEntries(Object.entries(fields).flatMap(([name, value]) => (value ? [[name, value]] : [])));
}
