import { type CliContext, isNookError, NookError, type OptionValues } from '@nook/daemonapi';
import type { ExecRequest, SessionHandle, VmRequest } from '../contract.ts';
import { attachSession } from './attach-session.ts';
import { type Fan, fanOut } from './fan-out.ts';
import { wholeNumber } from './shape-options.ts';
import { untilGone } from './until-gone.ts';

const MOST = 1_000;
const FAILURE = 125;

export interface Several {
  readonly count: number;
  readonly request: VmRequest;
  readonly exec: ExecRequest | undefined;
  readonly detach: boolean;
}

interface Started {
  readonly vm: { readonly name: string };
  readonly session?: SessionHandle | undefined;
}

/** How many VMs are asked for. @throws NookError `bad_params` for what only one can have */
export function countOf(options: OptionValues, trailing: readonly string[]): number {
  if (options.count === undefined) return 1;
  const count = wholeNumber(options.count, 'count');
  const refuse = (message: string, hint: string) => new NookError('bad_params', message, { hint });
  if (count < 1 || count > MOST) throw refuse(`--count is 1 to ${MOST}, not ${count}.`, 'For example --count 3');
  if (count === 1) return count;
  if (options.publish !== undefined) {
    throw refuse('Several VMs cannot publish the same port.', 'Leave --publish out, or make them one by one.');
  }
  if (options.tty === true) throw refuse('Several VMs cannot share a terminal.', 'Leave -t out.');
  if (options.detach !== true && trailing.length === 0) {
    throw refuse('Several VMs need a command, or -d.', 'For example nook vm run --count 3 -- make test');
  }
  return count;
}

/**
 * Makes VMs at once, and runs the command in each, its output line by line under the VM's name. One that fails stops no other.
 * @returns the first exit code that is not 0, in the order of the VMs
 */
export async function runSeveral(context: CliContext, several: Several): Promise<number> {
  using fan = fanOut(context);
  // Each session listens to signals of its own accord.
  process.setMaxListeners(several.count + process.getMaxListeners());
  const outcomes = await startAll(context, { several, fan });
  const codes: number[] = [];
  const made: unknown[] = [];
  for (const [index, outcome] of outcomes.entries()) {
    if (outcome.status === 'rejected') tell(context, nameOf(several, index), outcome.reason);
    codes.push(outcome.status === 'rejected' ? FAILURE : outcome.value.code);
    if (outcome.status === 'fulfilled') made.push(outcome.value.shown);
  }
  if (several.detach && context.json) context.out.json(made);
  return codes.find((code) => code !== 0) ?? 0;
}

interface Followed {
  readonly code: number;
  readonly shown: unknown;
}

async function startAll(
  context: CliContext,
  { several, fan }: { readonly several: Several; readonly fan: Fan },
): Promise<PromiseSettledResult<Followed>[]> {
  const { count, request, exec, detach } = several;
  const { pty: _terminal, ...command } = exec ?? {};
  let up = 0;
  using progress = context.progress();
  const all = Array.from({ length: count }, async (_, index) => {
    const { name, ...shape } = request;
    const own = name === undefined ? {} : { name: nameOf(several, index) };
    const wanted = {
      ...{ ...shape, ...own },
      ...(exec ? { exec: { ...command, stdin: false } } : {}),
      ...(detach ? { detach } : {}),
    };
    const started = await context.call('vm.run', wanted, { signal: fan.interrupted });
    progress.update({ stage: 'start', done: ++up, total: count, unit: 'VMs' });
    return follow(context, { started, several, fan });
  });
  return Promise.allSettled(all);
}

async function follow(
  context: CliContext,
  { started, several, fan }: { readonly started: Started; readonly several: Several; readonly fan: Fan },
): Promise<Followed> {
  const { vm, session } = started;
  if (several.detach || !session) {
    if (!context.json) context.out.line(vm.name);
    return { code: 0, shown: { ...vm, ...(session ? { session: session.session } : {}) } };
  }
  const [command = ''] = several.exec?.argv ?? [];
  await using own = fan.under(vm.name);
  const code = await attachSession(own.context, session, { pty: false, command });
  if (several.request.auto_remove === true) await untilGone(context, vm.name);
  return { code, shown: vm };
}

function nameOf({ request }: Several, index: number): string {
  return request.name === undefined ? `VM ${index + 1}` : `${request.name}-${index + 1}`;
}

function tell({ out, opId }: CliContext, name: string, error: unknown): void {
  out.note(`nook: ${name}: ${(error as Error).message}`);
  if (isNookError(error) && error.hint !== undefined) out.note(`  ${error.hint}`);
  out.note(`  op ${opId}`);
}
