import type { CliCommand, CliContext, OperationView } from '@nook/daemonapi';
import type {} from '@nook/engine/contract';
import { columns } from '../program/columns.ts';
import { FAILURE, OK } from '../program/exit-codes.ts';
import { elapsed, formatProgress } from '../program/format-progress.ts';
import { numberOption } from '../program/number-option.ts';

const ID = { name: 'id', required: true, help: 'op id, as `nook op list` and errors show it' } as const;

export const opCommands: readonly CliCommand[] = [
  {
    name: 'op list',
    aliases: ['op ls'],
    summary: 'List operations, the latest first',
    options: {
      state: { value: 'STATE', help: 'running, succeeded, failed, cancelled or interrupted' },
      method: { value: 'METHOD', help: 'only of this method, e.g. image.pull' },
      limit: { value: 'N', help: 'at most so many; 100 when absent' },
    },
    examples: ['nook op list', 'nook op list --state running --json'],
    async run({ options, context }) {
      const operations = await context.list('op.list', {
        ...(options.state === undefined ? {} : { state: options.state as OperationView['state'] }),
        ...(options.method === undefined ? {} : { method: options.method as string }),
        limit: options.limit === undefined ? 100 : numberOption(options, 'limit'),
      });
      if (context.json) return context.out.json(operations);
      context.out.table(
        ['OP ID', 'METHOD', 'STATE', 'BEGUN', 'TOOK', 'STAGE'],
        operations.map((operation) => [
          operation.op_id,
          operation.method,
          operation.state,
          new Date(operation.begun_at).toISOString(),
          elapsed(operation.elapsed_ms),
          stageOf(operation),
        ]),
      );
    },
  },
  {
    name: 'op show',
    summary: 'Show an operation with its stages, its result or its error',
    positionals: [ID],
    examples: ['nook op show op-6z1kq0w2ha'],
    async run({ positionals, context }) {
      print(context, await context.call('op.status', { op_id: String(positionals.id) }));
    },
  },
  {
    name: 'op wait',
    summary: 'Wait until an operation has ended; exit code 1 unless it succeeded',
    positionals: [ID],
    options: { timeout: { value: 'SECONDS', help: 'wait no longer than this' } },
    examples: ['nook op wait op-6z1kq0w2ha'],
    async run({ positionals, options, context }) {
      const operation = await waited(context, {
        op_id: String(positionals.id),
        ...(options.timeout === undefined ? {} : { timeout_seconds: numberOption(options, 'timeout') }),
      });
      print(context, operation);
      return operation.state === 'succeeded' ? OK : FAILURE;
    },
  },
  {
    name: 'op cancel',
    summary: 'Ask an operation to stop, and wait until it has',
    positionals: [ID],
    examples: ['nook op cancel op-6z1kq0w2ha'],
    async run({ positionals, context }) {
      const op_id = String(positionals.id);
      await context.call('op.cancel', { op_id });
      print(context, await waited(context, { op_id }));
    },
  },
];

async function waited(context: CliContext, params: { op_id: string; timeout_seconds?: number }) {
  using progress = context.progress();
  return await context.call('op.wait', params, { onProgress: (update) => progress.update(update) });
}

function print({ json, out }: CliContext, operation: OperationView): void {
  if (json) {
    out.json(operation);
    return;
  }
  const { op_id, method, state, begun_at, ended_at, stages, result, error } = operation;
  const rows = [
    ['op id', op_id],
    ['method', method],
    ['state', state],
    ['begun', new Date(begun_at).toISOString()],
    ...(ended_at === undefined ? [] : [['ended', new Date(ended_at).toISOString()]]),
    ['took', elapsed(operation.elapsed_ms)],
    ...stages.map(({ elapsed_ms, ...stage }) => ['stage', formatProgress(stage, elapsed_ms)]),
    ...(error === undefined ? [] : [['error', `${error.code}: ${error.message}`]]),
    ...(result === undefined ? [] : [['result', JSON.stringify(result)]]),
  ];
  for (const line of columns(rows, 2)) out.line(line);
}

function stageOf({ stages, state }: OperationView): string {
  const last = stages.at(-1);
  return state !== 'running' || last === undefined ? '' : formatProgress(last, last.elapsed_ms);
}
