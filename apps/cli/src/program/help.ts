import type { CliCommand } from '@nook/daemonapi';
import { columns } from './columns.ts';
import { type CommandTable, commandsUnder } from './command-table.ts';
import { COMMON_OPTIONS } from './parse-command-line.ts';

/** As wide as a terminal is at least. */
const WIDTH = 80;

/** `nook`, `nook help` and `nook vm`: what there is, the most used first, runnable examples last. */
export function groupHelp(table: CommandTable, group: string): string {
  if (group === '') return firstPage(table);
  const commands = commandsUnder(table, group);
  return [
    `Commands of nook ${group}:`,
    ...columns(
      commands.map((command) => [`  ${command.name}`, command.summary + aliasNote(command)]),
      2,
    ),
    '',
    'Details of one command: nook help COMMAND',
    ...examplesOf(commands),
  ].join('\n');
}

/** What is used most, then all there is by name. */
function firstPage(table: CommandTable): string {
  const commands = commandsUnder(table, '');
  const ofOneWord = commands.filter((command) => oneWord(command) !== undefined);
  return [
    'One-command sandboxes in real microVMs.',
    '',
    '  nook vm run [flags] [-- COMMAND...]',
    '',
    'Often used:',
    ...columns(
      ofOneWord.map((command) => [`  ${oneWord(command)}`, command.summary]),
      2,
    ),
    '',
    'All commands:',
    ...groupRows(commands),
    '',
    `Details: nook help ${exampleGroup(commands)}, nook help COMMAND   Exit codes: nook help exit-codes`,
    ...examplesOf(commands),
  ].join('\n');
}

/** What is called often has a name of one word, or one beside its own. */
function oneWord({ name, aliases = [] }: CliCommand): string | undefined {
  return [name, ...aliases].find((words) => !words.includes(' '));
}

function exampleGroup(commands: readonly CliCommand[]): string {
  return commands.find(({ name }) => name.includes(' '))?.name.split(' ', 1)[0] ?? 'COMMAND';
}

/** `vm   run, exec, list, …`: a row for each first word that several commands have in common. */
function groupRows(commands: readonly CliCommand[]): string[] {
  const groups = new Map<string, string[]>();
  for (const { name } of commands) {
    const [group = '', ...rest] = name.split(' ');
    if (rest.length > 0) groups.set(group, [...(groups.get(group) ?? []), rest.join(' ')]);
  }
  const widest = Math.max(0, ...[...groups.keys()].map(({ length }) => length));
  return [...groups].flatMap(([group, names]) =>
    wrap(names, WIDTH - widest - 4).map((line, at) => `  ${(at === 0 ? group : '').padEnd(widest)}  ${line}`),
  );
}

function wrap(names: readonly string[], width: number): string[] {
  const lines: string[] = [];
  names.forEach((name, at) => {
    const word = at === names.length - 1 ? name : `${name},`;
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  });
  return lines;
}

function examplesOf(commands: readonly CliCommand[]): string[] {
  const examples = sampleExamples(commands);
  return examples.length === 0 ? [] : ['', 'Examples:', ...examples.map((example) => `  ${example}`)];
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
