import type { CliCommand } from '@nook/daemonapi';
import type { ServiceView } from '../contract.ts';
import { FILE_OPTION } from './project/file-option.ts';

export const projectStatus: CliCommand = {
  name: 'project status',
  summary: 'How the machines of nook.toml and their services are',
  options: FILE_OPTION,
  examples: ['nook project status', 'nook project status --json'],
  async run({ options, context }) {
    const { findProject } = await import('./project/find-project.ts');
    const { vmIfAny } = await import('./project/look.ts');
    const file = findProject(options.file as string | undefined, process.cwd());
    const recorded = await context.call('project.list', { file });
    const machines = await Promise.all(
      recorded.map(async ({ name, machine, project, services }) => {
        const state = (await vmIfAny(context, name))?.state ?? 'removed';
        // The guest of a machine that stands still runs nothing.
        const seen =
          state === 'running' || state === 'paused' ? services : services.map((each) => ({ ...each, state: 'off' }));
        return { name, state, machine, project, services: seen };
      }),
    );
    if (context.json) {
      context.out.json(machines);
      return;
    }
    const rows = machines.flatMap(({ machine, name, state, services }) => [
      [machine, name, state, ''],
      ...services.map((each) => [`${machine}/${each.name}`, '', each.state, note(each)]),
    ]);
    context.out.table(['NAME', 'VM', 'STATE', 'NOTE'], rows);
  },
};

function note({ restarts, exit_code, reason, state }: Omit<ServiceView, 'state'> & { readonly state: string }): string {
  const parts = [
    ...(restarts > 0 ? [`${restarts} restarts`] : []),
    ...(exit_code !== undefined && state !== 'running' ? [`exit code ${exit_code}`] : []),
    ...(reason === undefined ? [] : [reason]),
  ];
  return parts.join(', ');
}
