import { createInterface } from 'node:readline/promises';
import { type CliContext, NookError } from '@nook/daemonapi';

/**
 * Asks on a terminal; where there is none, nothing is asked.
 * @throws NookError `conflict` when the answer is not yes
 */
export async function confirm(context: CliContext, what: string): Promise<void> {
  const { stdin, stderr } = context;
  const refused = new NookError('conflict', `Nothing was done: ${what}`, {
    hint: 'Have it done with --yes; --dry-run shows it.',
  });
  if (stdin.isTTY !== true || stderr.isTTY !== true) throw refused;
  const terminal = createInterface({ input: stdin, output: stderr });
  try {
    const answer = await terminal.question(`nook: ${what} Go on? [y/N] `, { signal: context.signal });
    if (!/^y(?:es)?$/i.test(answer.trim())) throw refused;
  } finally {
    terminal.close();
  }
}
