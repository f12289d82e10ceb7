import type { CliCommand } from '@nook/daemonapi';

export const fork: CliCommand = {
  name: 'vm fork',
  summary: 'Make a second VM of one, as it is now; one that runs becomes two that run',
  positionals: [
    { name: 'VM', required: true, help: 'name of the VM' },
    { name: 'NAME', help: 'name of the copy; made up when absent' },
  ],
  examples: ['nook vm fork web', 'nook vm fork web web-2'],
  async run({ positionals, context }) {
    using progress = context.progress();
    const { vm, pause_ms, unpublished } = await context.call(
      'vm.fork',
      {
        name: positionals.VM as string,
        ...(positionals.NAME === undefined ? {} : { copy: positionals.NAME as string }),
      },
      { onProgress: (update) => progress.update(update) },
    );
    if (context.json) return context.out.json({ vm, pause_ms, unpublished });
    context.out.line(vm.name);
    if (pause_ms !== undefined)
      context.out.note(`${String(positionals.VM)} stood still for ${Math.round(pause_ms)} ms`);
    if (unpublished > 0) context.out.note(`${unpublished} published ports stay with ${String(positionals.VM)} alone`);
  },
};
