import { type CliContext, type CliOutput, NookError, type RpcMethods } from '@nook/daemonapi';

/** The part of a digest that people compare. */
export function shortDigest(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12);
}

export function showTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

export function showFields(out: CliOutput, fields: Readonly<Record<string, string>>): void {
  const width = Math.max(...Object.keys(fields).map((name) => name.length));
  for (const [name, value] of Object.entries(fields)) out.line(`${name.padEnd(width)}  ${value}`);
}

/** Does the same to several targets. Those that can be done are, although others fail; the first error is then thrown. */
export async function forEachTarget<T extends { readonly name: string }>(
  targets: string | readonly string[] | undefined,
  context: CliContext,
  act: (target: string) => Promise<T>,
): Promise<void> {
  const results: T[] = [];
  const failures: unknown[] = [];
  for (const target of typeof targets === 'string' ? [targets] : (targets ?? [])) {
    try {
      results.push(await act(target));
    } catch (error) {
      failures.push(error);
    }
  }
  if (context.json) context.out.json(results);
  else for (const { name } of results) context.out.line(name);
  for (const failure of failures.slice(1)) context.out.note((failure as Error).message);
  if (failures.length > 0) throw failures[0];
}

/** Calls what takes its time. The progress line is gone when this returns. */
export async function callWithProgress<M extends keyof RpcMethods & string>(
  context: CliContext,
  method: M,
  params: RpcMethods[M]['params'],
): Promise<RpcMethods[M]['result']> {
  using progress = context.progress();
  return await context.call(method, params, { onProgress: (update) => progress.update(update) });
}

/** An option that takes one value. */
export function text(value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  throw new NookError('bad_params', 'An option that takes one value was given several.');
}
