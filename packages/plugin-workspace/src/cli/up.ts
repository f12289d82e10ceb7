import type { CliCommand } from '@nook/daemonapi';
import { FILE_OPTION } from './project/file-option.ts';

export const up: CliCommand = {
  name: 'up',
  summary: 'Make the machines of nook.toml what it says, and have them run',
  options: {
    ...FILE_OPTION,
    'dry-run': { help: 'say what would be done, and do nothing' },
    yes: { short: 'y', help: 'restart machines, or make them anew, without a question' },
  },
  examples: ['nook up', 'nook up --dry-run', 'nook up --yes', 'nook up --file ../shop/nook.toml'],
  async run({ options, context }) {
    const { readProject } = await import('./project/read-project.ts');
    const { lookAt } = await import('./project/look.ts');
    const { doneWord, lossOf, planLines } = await import('./project/describe-plan.ts');
    const { out, json } = context;
    const file = options.file as string | undefined;
    const project = await readProject({ file, folder: process.cwd(), env: process.env });
    const { machines, missingNetworks, others } = await lookAt(context, project, process.env);
    const plans = machines.map(({ plan }) => plan);
    for (const name of others) out.note(`nook: ${name} is not in the file any more: nook vm rm --force ${name}`);
    if (options['dry-run'] === true) {
      if (json) out.json(plans.map(({ vm: name, ...plan }) => ({ name, ...plan })));
      else for (const line of [...missingNetworks.map(networkLine), ...plans.flatMap(planLines)]) out.line(line);
      return;
    }
    const loss = lossOf(plans);
    if (loss !== undefined && options.yes !== true) {
      const { confirm } = await import('./project/confirm.ts');
      await confirm(context, loss);
    }
    const { bringUp } = await import('./project/bring-up.ts');
    const { makeNetwork } = await import('./project/project-networks.ts');
    for (const network of project.networks.filter(({ name }) => missingNetworks.includes(name))) {
      out.note(`nook: ${networkLine(network.name)}`);
      await makeNetwork(context, network);
    }
    for (const each of machines) {
      if (each.plan.action !== 'none') for (const line of planLines(each.plan)) out.note(`nook: ${line}`);
      await bringUp(context, project, each);
      if (!json) out.line(`${each.plan.vm} ${doneWord(each.plan)}`);
    }
    if (json) {
      out.json(plans.map(({ vm: name, ...plan }) => ({ name, state: 'running', ...plan })));
    }
  },
};

function networkLine(name: string): string {
  return `network ${name} is made`;
}
