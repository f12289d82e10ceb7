import type { CliCommand } from '@nook/daemonapi';
import { columns } from './columns.ts';
import { type CommandTable, commandsUnder } from './command-table.ts';
import { COMMON_OPTIONS } from './parse-command-line.ts';

/** `nook`, `nook help` and `nook vm`: what there is, the most used first, runnable examples last. */
export function groupHelp(table: CommandTable, group: string): string {
  const commands = commandsUnder(table, group);
  const lines: string[] = [];
  if (group === '') {
    lines.push('One-command sandboxes in real microVMs.', '', '  nook vm run [flags] [-- COMMAND...]', '');
  }
  lines.push(
    group === '' ? 'Commands:' : `Commands of nook ${group}:`,
    ...columns(
      commands.map((command) => [`  ${command.name}`, command.summary + aliasNote(command)]),
      2,
    ),
    '',
    'Details of one command: nook help COMMAND   Exit codes: nook help exit-codes',
  );
  const examples = sampleExamples(commands);
  if (examples.length > 0) lines.push('', 'Examples:', ...examples.map((example) => `  ${example}`));
  return lines.join('\n');
}

/** The first example of each command, those of `vm run` first, as long as there are few. */
function sampleExamples(commands: readonly CliCommand[]): string[] {
  const run = commands.find(({ name }) => name === 'vm run');
  const others = commands.filter((command) => command !== run);
  return [
    ...(run?.examples?.slice(0, 3) ?? []),
    ...others.flatMap(({ examples }) => examples?.slice(0, 1) ?? []),
  ].slice(0, 6);
}

const aliasNote = ({ aliases = [] }: CliCommand) =>
  aliases.length === 0 ? '' : ` (short: ${aliases.map((alias) => `nook ${alias}`).join(', ')})`;

export function commandHelp(command: CliCommand): string {
  const lines = [command.summary + aliasNote(command), '', `  ${usage(command)}`];
  const positionals = [
    ...(command.positionals ?? []).map(({ name, help }) => [`  ${name.toUpperCase()}`, help]),
    ...(command.trailing ? [[`  ${command.trailing.name.toUpperCase()}`, command.trailing.help]] : []),
  ];
  if (positionals.length > 0) lines.push('', 'Arguments:', ...columns(positionals, 2));
  const options = Object.entries({ ...command.options, ...COMMON_OPTIONS }).map(([name, option]) => [
    `  ${option.short ? `-${option.short}, ` : '    '}--${name}${option.value ? ` ${option.value}` : ''}`,
    option.help + (option.multiple ? ' (may be repeated)' : ''),
  ]);
  lines.push('', 'Options:', ...columns(options, 2));
  if (command.examples?.length) lines.push('', 'Examples:', ...command.examples.map((example) => `  ${example}`));
  return lines.join('\n');
}

function usage(command: CliCommand): string {
  const parts = [`nook ${command.name}`];
  if (Object.keys(command.options ?? {}).length > 0) parts.push('[flags]');
  for (const { name, required, unless, rest } of command.positionals ?? []) {
    const word = name.toUpperCase() + (rest ? '...' : '');
    parts.push(required && !unless ? word : `[${word}]`);
  }
  if (command.trailing) parts.push(`[-- ${command.trailing.name.toUpperCase()}...]`);
  return parts.join(' ');
}
