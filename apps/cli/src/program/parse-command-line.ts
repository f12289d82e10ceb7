import { parseArgs } from 'node:util';
import type { CliCommand, CliOption, OptionValues } from '@nook/daemonapi';
import { closest } from './closest.ts';
import { UsageError } from './usage-error.ts';

export interface ParsedCommandLine {
  readonly positionals: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly options: OptionValues;
  readonly trailing: readonly string[];
  readonly help: boolean;
  readonly json: boolean;
}

/** Understood by every command. */
export const COMMON_OPTIONS: Readonly<Record<string, CliOption>> = {
  json: { help: 'print the result as JSON, and an error as JSON on stderr' },
  help: { short: 'h', help: 'show this help' },
};

/**
 * Parses what follows a command's words. A trailing command line begins at the first `--`, or at the first bare word
 * after the last declared positional; nothing in it is looked at.
 * @throws UsageError
 */
export function parseCommandLine(command: CliCommand, args: readonly string[]): ParsedCommandLine {
  const definitions = { ...command.options, ...COMMON_OPTIONS };
  const hint = `See: nook ${command.name} --help`;
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      Object.entries(definitions).map(([name, { short, value }]) => [
        name,
        { type: value === undefined ? ('boolean' as const) : ('string' as const), ...(short && { short }) },
      ]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });

  const declared = command.positionals ?? [];
  const rest = declared.at(-1)?.rest === true;
  const words: string[] = [];
  const options: Record<string, string | boolean | string[]> = {};
  let trailing: readonly string[] = [];
  for (const token of tokens) {
    if (token.kind === 'option-terminator') {
      if (!command.trailing) continue;
      trailing = args.slice(token.index + 1);
      break;
    }
    if (token.kind === 'positional') {
      if (rest || words.length < declared.length) {
        words.push(token.value);
      } else if (command.trailing && declared.length > 0) {
        trailing = args.slice(token.index);
        break;
      } else {
        throw new UsageError(
          `'nook ${command.name}' does not take '${token.value}'.`,
          command.trailing ? `Put -- before the command: nook ${command.name} -- ${token.value}` : hint,
        );
      }
      continue;
    }
    const definition = Object.hasOwn(definitions, token.name) ? definitions[token.name] : undefined;
    if (!definition) throw unknownOption(command, token.rawName, definitions);
    setOption(options, definition, token);
  }

  const help = options.help === true;
  const missing = declared.find(
    ({ required, unless = [] }, index) =>
      required && words[index] === undefined && !unless.some((name) => Object.hasOwn(options, name)),
  );
  if (missing && !help) throw new UsageError(`'nook ${command.name}' needs ${missing.name.toUpperCase()}.`, hint);
  const positionals = Object.fromEntries(
    declared.map((positional, index) => [positional.name, positional.rest ? words.slice(index) : words[index]]),
  );
  return { positionals, options, trailing, help, json: options.json === true };
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function setOption(
  options: Record<string, string | boolean | string[]>,
  definition: CliOption,
  { name, rawName, value, inlineValue }: OptionToken,
): void {
  if (definition.value === undefined) {
    if (value !== undefined) throw new UsageError(`${rawName} takes no value.`, `Write ${rawName} alone.`);
    options[name] = true;
    return;
  }
  if (value === undefined || (!inlineValue && value.startsWith('-') && value !== '-')) {
    const example = rawName.startsWith('--') ? `${rawName}=${definition.value}` : `${rawName}${definition.value}`;
    throw new UsageError(`${rawName} needs a value.`, `Write ${example}.`);
  }
  if (definition.multiple) {
    options[name] = [...((options[name] as string[] | undefined) ?? []), value];
  } else if (Object.hasOwn(options, name)) {
    throw new UsageError(`${rawName} was given twice.`, 'Give it once.');
  } else {
    options[name] = value;
  }
}

function unknownOption(command: CliCommand, rawName: string, definitions: Readonly<Record<string, CliOption>>) {
  const near = rawName.startsWith('--') ? closest(rawName.slice(2), Object.keys(definitions)) : undefined;
  return new UsageError(
    `'nook ${command.name}' has no option ${rawName}.`,
    near ? `Did you mean --${near}?` : `See: nook ${command.name} --help`,
  );
}
