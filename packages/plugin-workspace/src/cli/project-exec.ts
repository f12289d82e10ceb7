import { type CliCommand, NookError } from '@nook/daemonapi';
import { FILE_OPTION } from './project/file-option.ts';

export const projectExec: CliCommand = {
  name: 'project exec',
  summary: 'Run a command in a machine of nook.toml, with its environment',
  positionals: [{ name: 'MACHINE', required: true, help: 'the machine, as the file calls it' }],
  options: FILE_OPTION,
  trailing: { name: 'COMMAND', help: 'the command and its arguments; without one: a login shell' },
  examples: ['nook project exec web -- make test', 'nook project exec web'],
  failureExitCode: 125,
  async run({ positionals, options, trailing, context }) {
    const { readProject } = await import('./project/read-project.ts');
    const { suggestionHint } = await import('@nook/wire/suggest');
    const file = options.file as string | undefined;
    const { machines, ...project } = await readProject({ file, folder: process.cwd(), env: process.env });
    const machine = machines.find((each) => each.machine === positionals.MACHINE);
    if (machine === undefined) {
      const hint = suggestionHint(
        positionals.MACHINE as string,
        machines.map((each) => each.machine),
      );
      throw new NookError('not_found', `${project.file} has no machine '${positionals.MACHINE}'.`, {
        ...(hint && { hint }),
      });
    }
    const variables = Object.entries(machine.environment ?? {}).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
    return context.run(['vm', 'exec', ...variables, machine.vm, '--', ...trailing]);
  },
};
