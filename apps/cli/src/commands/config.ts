import type { CliCommand } from '@nook/daemonapi';
import { askNookd } from '../program/ask-nookd.ts';

const QUESTIONS = {
  show: 'Print the configuration as a daemon that starts now takes it, each setting with where it comes from',
  check: 'Say whether config.toml is right, and otherwise where it is wrong',
  default: 'Print the defaults, as a config.toml to begin with',
} as const;

/** Answered by the daemon's program, since only its plugins know their sections; no daemon is started. */
export const configCommands: readonly CliCommand[] = Object.entries(QUESTIONS).map(([question, summary]) => ({
  name: `config ${question}`,
  summary,
  examples: [`nook config ${question}`],
  async run({ context }) {
    const { code } = await askNookd(['--config', question, ...(context.json ? ['--json'] : [])]);
    return code;
  },
}));
