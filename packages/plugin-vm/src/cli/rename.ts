import type { CliCommand } from '@nook/daemonapi';

export const rename: CliCommand = {
  name: 'vm rename',
  summary: 'Give a VM another name, also while it runs',
  positionals: [
    { name: 'VM', required: true, help: 'its present name' },
    { name: 'NAME', required: true, help: 'its new name, a DNS label, which becomes the host name of the guest' },
  ],
  examples: ['nook vm rename calm-cove web'],
  async run({ positionals, context }) {
    const answer = await context.call('vm.rename', { name: positionals.VM as string, to: positionals.NAME as string });
    if (answer.why !== undefined) {
      context.out.note(`nook: the guest keeps its host name until the next start: ${answer.why}`);
    }
    if (context.json) context.out.json(answer);
    else context.out.line(answer.vm.name);
  },
};
