import { resolve } from 'node:path';
import type { CliCommand, CliContext } from '@nook/daemonapi';
import type { KernelInfo } from '../contract.ts';
import { callWithProgress, forEachTarget, shortDigest, showFields } from './show.ts';

const optional = (value: unknown) => (typeof value === 'string' ? value : undefined);
const optionalPath = (value: unknown) => (typeof value === 'string' ? resolve(value) : undefined);

export const kernelCommands: readonly CliCommand[] = [
  {
    name: 'kernel pull',
    summary: 'Bring a kernel into the store',
    positionals: [
      {
        name: 'kernel',
        help: 'Name (see: nook kernel list --available), URL or SCHEME:…; the default kernel when absent',
      },
    ],
    options: {
      sha256: { value: 'HEX', help: 'What the kernel must be; a URL is not taken without' },
      name: { value: 'NAME', help: 'Store it under another name' },
      force: { help: 'Ask for a newer one although the store has one' },
    },
    examples: [
      'nook kernel pull',
      'nook kernel pull debian',
      'nook kernel pull https://HOST/vmlinux --sha256 HEX --name mine',
    ],
    async run({ positionals, options, context }) {
      const kernel = await callWithProgress(context, 'kernel.pull', {
        reference: optional(positionals.kernel),
        sha256: optional(options.sha256),
        name: optional(options.name),
        force: options.force === true,
      });
      tell(context, kernel);
    },
  },
  {
    name: 'kernel import',
    summary: 'Make a kernel of the store of a file: a bzImage (vmlinuz) or a vmlinux',
    positionals: [{ name: 'file', required: true, help: 'The kernel' }],
    options: {
      modules: { value: 'DIR', help: 'Its modules: …/lib/modules/RELEASE; absent: all that a VM needs is built in' },
      initrd: { value: 'FILE', help: "A cpio archive that it unpacks before nook's own" },
      name: { value: 'NAME', help: 'Its name; that of the file when absent' },
    },
    examples: [
      'nook kernel import arch/x86/boot/bzImage --name mine',
      'nook kernel import /boot/vmlinuz-6.12.1 --modules /lib/modules/6.12.1',
    ],
    async run({ positionals, options, context }) {
      const kernel = await callWithProgress(context, 'kernel.import', {
        path: resolve(String(positionals.file)),
        modules: optionalPath(options.modules),
        initrd: optionalPath(options.initrd),
        name: optional(options.name),
      });
      tell(context, kernel);
    },
  },
  {
    name: 'kernel list',
    aliases: ['kernel ls'],
    summary: 'List kernels, also those that can be pulled',
    options: { available: { help: 'Only those that can be pulled by name, or have been' } },
    async run({ options, context }) {
      const rows = await context.call('kernel.list', { available: options.available === true });
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
      if (context.json) return context.out.json(kernel);
      const { initrd, ...fields } = kernel;
      showFields(context.out, { ...fields, ...(initrd === null ? {} : { initrd }) });
    },
  },
  {
    name: 'kernel rm',
    summary: 'Remove kernels that no VM uses',
    positionals: [{ name: 'kernel', required: true, rest: true, help: 'Names or digests' }],
    run: ({ positionals, context }) =>
      forEachTarget(positionals.kernel, context, (reference) => context.call('kernel.rm', { reference })),
  },
];

function tell(context: CliContext, kernel: KernelInfo): void {
  if (context.json) context.out.json(kernel);
  else context.out.line(`${kernel.name} ${kernel.release} ${shortDigest(kernel.digest)}`);
}
