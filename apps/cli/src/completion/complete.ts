import type { CliCommand, CliOption } from '@nook/daemonapi';
import { type CommandTable, commandsUnder } from '../program/command-table.ts';
import { COMMON_OPTIONS } from '../program/parse-command-line.ts';

interface Candidate {
  readonly word: string;
  readonly help: string;
}

/** What may stand at the place of the last word. */
export type Completion =
  | { readonly kind: 'words'; readonly candidates: readonly Candidate[] }
  /** A value that is called so; `before` is what the word has in front of it, as `--image=`. */
  | { readonly kind: 'value'; readonly name: string; readonly before: string }
  | { readonly kind: 'nothing' };

const NOTHING: Completion = { kind: 'nothing' };

/** @param words what stands after `nook`; the last is the one to be completed, perhaps empty */
export function complete(table: CommandTable, words: readonly string[]): Completion {
  const current = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const end = before.findIndex((word) => word.startsWith('-'));
  const path = end === -1 ? before : before.slice(0, end);
  for (let count = path.length; count > 0; count--) {
    const command = table.get(path.slice(0, count).join(' '));
    if (command) return inCommand(command, { before: before.slice(count), current });
  }
  if (end !== -1) return NOTHING;
  const group = path.join(' ');
  const heads = [...table.keys()].filter((name) => group === '' || name.startsWith(`${group} `));
  const next = new Set(heads.map((name) => name.split(' ')[path.length] as string));
  return offer([...next].map((word) => ({ word, help: helpOf(table, [...path, word].join(' ')) })));
}

function helpOf(table: CommandTable, name: string): string {
  return table.get(name)?.summary ?? `commands: ${commandsUnder(table, name).length}`;
}

interface Place {
  /** The words between those of the command and the current one. */
  readonly before: readonly string[];
  readonly current: string;
}

function inCommand(command: CliCommand, { before, current }: Place): Completion {
  const options = { ...command.options, ...COMMON_OPTIONS };
  const position = positionOf(before, options);
  if (position === 'terminated') return NOTHING;
  if (typeof position === 'object') return value(position.value, '');
  const inline = /^(--[^=]+=)/.exec(current)?.[1];
  if (inline !== undefined) return value(options[inline.slice(2, -1)]?.value, inline);
  if (current.startsWith('-')) return offer(optionWords(options));
  const positionals = command.positionals ?? [];
  const last = positionals.at(-1);
  return value((positionals[position] ?? (last?.rest ? last : undefined))?.name, '');
}

/** How many positionals there are so far; or the option whose value is next; or that the rest is the guest's. */
function positionOf(
  before: readonly string[],
  options: Readonly<Record<string, CliOption>>,
): number | { readonly value: string } | 'terminated' {
  let count = 0;
  let awaited: string | undefined;
  for (const word of before) {
    if (awaited !== undefined) awaited = undefined;
    else if (word === '--') return 'terminated';
    else if (word.startsWith('-')) awaited = awaitedValue(word, options);
    else count++;
  }
  return awaited === undefined ? count : { value: awaited };
}

function awaitedValue(word: string, options: Readonly<Record<string, CliOption>>): string | undefined {
  if (word.startsWith('--')) return options[word.slice(2)]?.value;
  return word.length === 2 ? Object.values(options).find(({ short }) => short === word[1])?.value : undefined;
}

function optionWords(options: Readonly<Record<string, CliOption>>): Candidate[] {
  return Object.entries(options).map(([name, { help }]) => ({ word: `--${name}`, help }));
}

function value(name: string | undefined, before: string): Completion {
  return name === undefined ? NOTHING : { kind: 'value', name: name.toUpperCase(), before };
}

const offer = (candidates: readonly Candidate[]): Completion => ({ kind: 'words', candidates });
