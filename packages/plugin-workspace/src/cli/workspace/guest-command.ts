import { PassThrough } from 'node:stream';
import { type CliContext, NookError } from '@nook/daemonapi';
import { Kept } from './kept.ts';

export interface GuestAnswer {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs a command in a VM to its end, as root, without input. */
export async function inGuest(context: CliContext, vm: string, argv: readonly string[]): Promise<GuestAnswer> {
  const [stdout, stderr] = [new Kept(), new Kept()];
  const streams = { stdin: new PassThrough().end() as PassThrough, stdout, stderr };
  const code = await context.run(['vm', 'exec', '--attendant', '--workdir', '/', vm, '--', ...argv], streams);
  return { code, stdout: stdout.bytes, stderr: stderr.bytes.toString() };
}

/** As `inGuest`, of a script whose arguments are `$1` and so on. @throws NookError with what the script said */
export async function shellInGuest(
  context: CliContext,
  vm: string,
  { script, args, what }: { readonly script: string; readonly args: readonly string[]; readonly what: string },
): Promise<GuestAnswer> {
  const answer = await inGuest(context, vm, ['sh', '-c', script, 'nook', ...args]);
  if (answer.code === 0) return answer;
  const said = answer.stderr.trim().replace(/\p{C}/gu, ' ');
  throw new NookError('operation_failed', `${what} failed in VM '${vm}': ${said || `exit code ${answer.code}`}.`);
}
