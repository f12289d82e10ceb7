import { PassThrough } from 'node:stream';
import type { CliContext } from '@nook/daemonapi';
import { NookError } from '@nook/daemonapi';
import { Kept } from '../workspace/kept.ts';

/** Runs a command of this program whose result nobody is to see. @returns what it wrote to stdout */
export async function runQuietly(context: CliContext, words: readonly string[]): Promise<string> {
  const stdout = new Kept();
  const code = await context.run(words, { stdin: new PassThrough().end() as PassThrough, stdout });
  if (code === 0) return stdout.bytes.toString();
  throw new NookError('operation_failed', `'nook ${words.slice(0, 2).join(' ')}' ended with ${code}.`);
}

/** As `runQuietly`, of one that prints JSON. */
export async function jsonOf<T>(context: CliContext, words: readonly string[]): Promise<T> {
  return JSON.parse(await runQuietly(context, [...words, '--json'])) as T;
}
