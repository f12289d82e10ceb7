import type { CliCommand } from '@nook/daemonapi';
import { closest } from './closest.ts';
import type { CommandTable } from './command-table.ts';

export type Resolution =
  | { readonly kind: 'command'; readonly command: CliCommand; readonly args: readonly string[] }
  /** Only the first words of several commands, or none at all. */
  | { readonly kind: 'group'; readonly group: string; readonly flags: readonly string[] }
  | { readonly kind: 'unknown'; readonly words: string; readonly suggestion: string | undefined };

const isFlag = (word: string) => word.startsWith('-');

/** Finds the command that a command line begins with. Flags before the command's words are handed on to it. */
export function resolveCommand(table: CommandTable, argv: readonly string[]): Resolution {
  const first = argv.findIndex((word) => !isFlag(word));
  const flags = first === -1 ? argv : argv.slice(0, first);
  const rest = first === -1 ? [] : argv.slice(first);
  const end = rest.findIndex(isFlag);
  const words = end === -1 ? rest : rest.slice(0, end);
  const longest = Math.max(...[...table.keys()].map((name) => name.split(' ').length), 0);

  for (let count = Math.min(longest, words.length); count > 0; count--) {
    const command = table.get(words.slice(0, count).join(' '));
    if (command) return { kind: 'command', command, args: [...flags, ...rest.slice(count)] };
  }
  for (let count = words.length; count >= 0; count--) {
    const group = words.slice(0, count).join(' ');
    const names = [...table.keys()].filter((name) => group === '' || name.startsWith(`${group} `));
    if (names.length === 0) continue;
    if (count === words.length) return { kind: 'group', group, flags: [...flags, ...rest.slice(count)] };
    const tried = words.slice(0, Math.min(words.length, count + (count === 0 ? 2 : 1)));
    return { kind: 'unknown', words: tried.join(' '), suggestion: suggest(table, tried) };
  }
  return { kind: 'unknown', words: words.join(' '), suggestion: undefined };
}

/** `nook vm lst` is near `vm list`; `nook rum web` is near `run` by its first word alone. */
function suggest(table: CommandTable, words: readonly string[]): string | undefined {
  const names = [...table.keys()];
  const [first = ''] = words;
  const groups = names.map((name) => name.split(' ')[0] as string);
  return closest(words.join(' '), names) ?? closest(first, [...names, ...groups]);
}
