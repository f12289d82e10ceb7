import type { CliCommand, CliContext, RpcMethods } from '@nook/daemonapi';
import { NookError } from '@nook/daemonapi';
import type {} from '@nook/engine/contract';
import { askNookd } from '../program/ask-nookd.ts';
import { columns } from '../program/columns.ts';
import { FAILURE, OK } from '../program/exit-codes.ts';

type Plugin = RpcMethods['plugin.show']['result'];

const OFFLINE = {
  offline: { help: "ask the daemon's program instead of a running daemon: what it would be made of, starting nothing" },
} as const;

export const pluginCommands: readonly CliCommand[] = [
  {
    name: 'plugin list',
    aliases: ['plugin ls'],
    summary: 'Show the plugins of the daemon, their state and where they come from',
    options: OFFLINE,
    examples: ['nook plugin list', 'nook plugin list --offline', 'nook plugin list --json'],
    async run({ options, context }) {
      const { plugins, problems } = await found(context, options.offline === true);
      if (context.json) context.out.json(plugins);
      else {
        context.out.table(
          ['NAME', 'STATE', 'VERSION', 'FROM', 'REASON'],
          plugins.map(({ name, state, version, from, reason }) => [name, state, version, from, reason ?? '']),
        );
      }
      for (const problem of problems) context.out.note(`problem: ${problem}`);
      return problems.length === 0 ? OK : FAILURE;
    },
  },
  {
    name: 'plugin show',
    summary: 'Show a plugin: what it provides, needs and contributes, its methods, how long its start took',
    positionals: [{ name: 'name', required: true, help: 'as `nook plugin list` shows it' }],
    options: OFFLINE,
    examples: ['nook plugin show vm', 'nook plugin show vm --offline'],
    async run({ positionals, options, context }) {
      const name = String(positionals.name);
      const plugin =
        options.offline === true
          ? (await found(context, true)).plugins.find((each) => each.name === name)
          : await context.call('plugin.show', { name });
      if (plugin === undefined) {
        throw new NookError('not_found', `There is no plugin named '${name}'.`, {
          hint: 'See what there is: nook plugin list --offline',
        });
      }
      if (context.json) context.out.json(plugin);
      else for (const line of columns(describe(plugin), 2)) context.out.line(line);
    },
  },
];

interface Found {
  readonly plugins: readonly Plugin[];
  readonly problems: readonly string[];
}

async function found(context: CliContext, offline: boolean): Promise<Found> {
  if (!offline) return { ...(await context.call('plugin.list', {})), problems: [] };
  const { code, stdout } = await askNookd(['--plan', '--json'], { capture: true });
  try {
    return JSON.parse(stdout) as Found;
  } catch {
    throw new NookError('unavailable', `The daemon's program did not say what it is made of (exit code ${code}).`);
  }
}

function describe({ name, version, state, reason, from, start_ms, ...rest }: Plugin): string[][] {
  const { provides, needs, contributions, methods } = rest;
  return [
    ['name', name],
    ['version', version],
    ['state', reason === undefined ? state : `${state}: ${reason}`],
    ['from', from],
    ['start took', `${start_ms.toFixed(1)} ms`],
    ...provides.map((capability) => ['provides', capability]),
    ...needs.map(({ capability, required, provider }) => [
      required ? 'needs' : 'wants',
      `${capability}, ${provider === undefined ? 'which nobody provides' : `of plugin ${provider}`}`,
    ]),
    ...Object.entries(contributions).map(([point, count]) => ['contributes', `${count} to ${point}`]),
    ...methods.map((method) => ['method', method]),
  ];
}
