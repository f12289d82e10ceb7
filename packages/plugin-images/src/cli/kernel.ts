import type { CliCommand } from '@nook/daemonapi';
import { callWithProgress, forEachTarget, shortDigest, showFields } from './show.ts';

const optional = (value: unknown) => (typeof value === 'string' ? value : undefined);

export const kernelCommands: readonly CliCommand[] = [
  {
    name: 'kernel pull',
    summary: 'Bring a kernel of the catalog into the store',
    positionals: [{ name: 'kernel', help: 'Name (see: nook kernel list); the default kernel when absent' }],
    options: { force: { help: 'Ask the archive for a newer one although the store has one' } },
    examples: ['nook kernel pull', 'nook kernel pull debian', 'nook kernel pull --force'],
    async run({ positionals, options, context }) {
      const kernel = await callWithProgress(context, 'kernel.pull', {
        reference: optional(positionals.kernel),
        force: options.force === true,
      });
      if (context.json) context.out.json(kernel);
      else context.out.line(`${kernel.name} ${kernel.release} ${shortDigest(kernel.digest)}`);
    },
  },
  {
    name: 'kernel list',
    aliases: ['kernel ls'],
    summary: 'List kernels, also those that can be pulled',
    async run({ context }) {
      const rows = await context.call('kernel.list', {});
      if (context.json) return context.out.json(rows);
      context.out.table(
        ['NAME', 'STATE', 'RELEASE', 'VERSION', 'DIGEST', 'SUMMARY'],
        rows.map((row) => [
          row.default ? `${row.name} (default)` : row.name,
          row.state,
          row.release ?? '-',
          row.version ?? '-',
          row.digest === null ? '-' : shortDigest(row.digest),
          row.summary,
        ]),
      );
    },
  },
  {
    name: 'kernel show',
    summary: 'Show a kernel of the store',
    positionals: [{ name: 'kernel', help: 'Name or digest; the default kernel when absent' }],
    async run({ positionals, context }) {
      const kernel = await context.call('kernel.show', { reference: optional(positionals.kernel) });
      if (context.json) context.out.json(kernel);
      else showFields(context.out, { ...kernel });
    },
  },
  {
    name: 'kernel rm',
    summary: 'Remove kernels',
    positionals: [{ name: 'kernel', required: true, rest: true, help: 'Names or digests' }],
    run: ({ positionals, context }) =>
      forEachTarget(positionals.kernel, context, (reference) => context.call('kernel.rm', { reference })),
  },
];
