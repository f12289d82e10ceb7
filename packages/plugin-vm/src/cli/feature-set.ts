import type { CliCommand } from '@nook/daemonapi';
import { parsed } from './feature-part.ts';

export const featureSet: CliCommand = {
  name: 'vm feature set',
  summary: 'Give a feature of a VM another part, at once where the VM runs and the feature can',
  positionals: [
    { name: 'VM', required: true, help: 'name of the VM' },
    { name: 'FEATURE', required: true, help: 'name of the feature; see: nook vm show VM' },
    { name: 'JSON', required: true, help: 'what the feature is to do now' },
  ],
  examples: [`nook vm feature set web seed-drive '{"text":"hello"}'`],
  async run({ positionals, context }) {
    const { VM: name, FEATURE: feature, JSON: json } = positionals as Record<'VM' | 'FEATURE' | 'JSON', string>;
    const vm = await context.call('vm.feature.set', { name, feature, part: parsed(json) });
    if (context.json) context.out.json(vm);
  },
};
