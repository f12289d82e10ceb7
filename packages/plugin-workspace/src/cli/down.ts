import { type CliCommand, type CliContext, isNookError } from '@nook/daemonapi';
import { FILE_OPTION } from './project/file-option.ts';

export const down: CliCommand = {
  name: 'down',
  summary: 'Stop the machines of nook.toml, those that others depend on last',
  options: {
    ...FILE_OPTION,
    rm: { help: 'remove them with their disks, and the networks that were made for them' },
  },
  examples: ['nook down', 'nook down --rm'],
  async run({ options, context }) {
    const { findProject } = await import('./project/find-project.ts');
    const { sortMachines } = await import('./project/sort-machines.ts');
    const { runQuietly } = await import('./project/run-quietly.ts');
    const { out, json } = context;
    const file = findProject(options.file as string | undefined, process.cwd());
    const recorded = await context.call('project.list', { file });
    const needs = recorded.map(({ machine, applied }) => [machine, applied.depends_on] as const);
    const sorted = sortMachines(Object.fromEntries(needs));
    const order = 'order' in sorted ? sorted.order : recorded.map(({ machine }) => machine);
    const done = options.rm === true ? 'removed' : 'stopped';
    const machines = order.toReversed().flatMap((machine) => recorded.filter((each) => each.machine === machine));
    for (const { name } of machines) {
      await context.call('project.services.stop', { vm: name });
      await runQuietly(context, ['vm', 'stop', name]);
      if (options.rm === true) await runQuietly(context, ['vm', 'rm', name]);
      if (!json) out.line(`${name} ${done}`);
    }
    if (options.rm === true) {
      const networks = new Set(machines.flatMap(({ applied }) => applied.networks ?? []));
      for (const network of networks) await removeNetwork(context, network);
    }
    if (json) out.json(machines.map(({ name, machine }) => ({ name, machine, state: done })));
    else if (machines.length === 0) out.note(`nook: no machine of ${file} was started`);
  },
};

/** Somebody may have put other VMs on it. */
async function removeNetwork(context: CliContext, name: string): Promise<void> {
  const { runQuietly } = await import('./project/run-quietly.ts');
  try {
    await runQuietly(context, ['net', 'rm', name]);
  } catch (error) {
    if (!isNookError(error)) throw error;
    context.out.note(`nook: network ${name} stays: ${error.message}`);
  }
}
