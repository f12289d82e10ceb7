import { type CliContext, type CliPositional, isNookError } from '@nook/daemonapi';

export const VMS: readonly CliPositional[] = [
  { name: 'VM', required: true, rest: true, help: 'names of VMs; the others proceed when one fails' },
];

/** Does `work` for every named VM at once; says what failed for which, and fails when any did. */
export async function eachVm<T>(
  context: CliContext,
  names: string | readonly string[] | undefined,
  work: (name: string) => Promise<T>,
): Promise<number> {
  const targets = typeof names === 'string' ? [names] : (names ?? []);
  if (targets.length === 1) {
    report(context, targets[0] as string, await work(targets[0] as string));
    return 0;
  }
  const outcomes = await Promise.allSettled(targets.map(work));
  let code = 0;
  for (const [index, outcome] of outcomes.entries()) {
    const name = targets[index] as string;
    if (outcome.status === 'fulfilled') report(context, name, outcome.value);
    else {
      code = 1;
      const error: unknown = outcome.reason;
      context.out.note(`nook: ${name}: ${(error as Error).message}`);
      if (isNookError(error) && error.hint !== undefined) context.out.note(`  ${error.hint}`);
      context.out.note(`  op ${context.opId}`);
    }
  }
  return code;
}

function report(context: CliContext, name: string, value: unknown): void {
  if (context.json) context.out.json(value);
  else context.out.line(name);
}
