import { type CliCommand, cliRegistrations } from '@nook/daemonapi';
import { commandTable } from '../program/command-table.ts';
import { UsageError } from '../program/usage-error.ts';

/** What these words stand for is found by the shell itself. */
const FILES = /^(?:FILE|PATH|DIR|SECOND|HOST:GUEST)\b/;

export const completion: CliCommand = {
  name: 'completion',
  summary: 'Print what a shell loads to complete commands, options and the names of what there is',
  positionals: [{ name: 'shell', required: true, help: 'bash, zsh or fish; `words` answers for the words after --' }],
  trailing: { name: 'word', help: 'a command line without `nook`; the last word is the one to be completed' },
  examples: [
    'nook completion bash > ~/.local/share/bash-completion/completions/nook',
    'nook completion zsh > ~/.zfunc/_nook',
    'nook completion fish > ~/.config/fish/completions/nook.fish',
  ],
  async run({ positionals, trailing, context }) {
    const { SCRIPTS } = await import('../completion/scripts.ts');
    const shell = String(positionals.shell);
    if (shell === 'words') {
      for (const line of await candidates(trailing)) context.out.line(line);
    } else if (Object.hasOwn(SCRIPTS, shell)) {
      context.out.line(SCRIPTS[shell as keyof typeof SCRIPTS].trimEnd());
    } else {
      throw new UsageError(`nook knows no shell '${shell}'.`, 'It knows: bash, zsh, fish.');
    }
  },
};

/** One a line, `WORD<tab>HELP`, or `:files` alone. */
async function candidates(words: readonly string[]): Promise<string[]> {
  const { complete } = await import('../completion/complete.ts');
  const registrations = cliRegistrations();
  const current = words.at(-1) ?? '';
  const found = complete(commandTable(registrations), words);
  if (found.kind === 'nothing') return [];
  if (found.kind === 'words') {
    return found.candidates.filter(({ word }) => word.startsWith(current)).map(({ word, help }) => `${word}\t${help}`);
  }
  const { liveNames } = await import('../completion/live-names.ts');
  const names = (await liveNames(registrations, found.name)).map((name) => found.before + name);
  if (names.length === 0 && FILES.test(found.name)) return [':files'];
  return names.filter((word) => word.startsWith(current));
}
