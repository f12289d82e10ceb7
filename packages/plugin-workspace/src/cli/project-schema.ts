import type { CliCommand } from '@nook/daemonapi';

export const projectSchema: CliCommand = {
  name: 'project schema',
  summary: 'Print the JSON Schema of nook.toml, for editors',
  examples: ['nook project schema >nook.schema.json'],
  async run({ context }) {
    const { projectJsonSchema } = await import('./project/json-schema.ts');
    context.out.json(projectJsonSchema());
  },
};
