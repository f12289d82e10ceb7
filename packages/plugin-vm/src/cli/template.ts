import type { CliCommand } from '@nook/daemonapi';
import { formatSize } from '../size.ts';
import { ago } from './ago.ts';
import { eachVm } from './each-vm.ts';
import { formatMebibytes } from './mebibytes.ts';

export const templateList: CliCommand = {
  name: 'vm template list',
  aliases: ['vm template ls'],
  summary: 'List the templates that new VMs begin as',
  examples: ['nook vm template list', 'nook vm template list --json'],
  async run({ context }) {
    const templates = await context.call('vm.template.list', {});
    if (context.json) return context.out.json(templates);
    const now = Date.now();
    context.out.table(
      ['KEY', 'IMAGE', 'VCPUS', 'MEMORY', 'DISK', 'MADE ON', 'SIZE', 'CREATED', 'USED'],
      templates.map((template) => [
        template.key.slice(0, 12),
        template.image,
        String(template.vcpus),
        formatSize(template.memory_bytes),
        formatSize(template.disk_bytes),
        `${template.driver} ${template.machine}, ${template.accelerator}`,
        formatMebibytes(template.bytes),
        ago(now - template.created_at),
        ago(now - template.used_at),
      ]),
    );
  },
};

export const templateRm: CliCommand = {
  name: 'vm template rm',
  summary: 'Remove templates; VMs that began as one are not touched',
  positionals: [{ name: 'KEY', required: true, rest: true, help: 'key of a template, or its beginning' }],
  examples: ['nook vm template rm 3f9c'],
  run: ({ positionals, context }) =>
    eachVm(context, positionals.KEY, (key) => context.call('vm.template.remove', { key })),
};
