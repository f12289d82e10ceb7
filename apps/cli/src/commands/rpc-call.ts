import type { CliCommand, RpcMethods } from '@nook/daemonapi';
import { UsageError } from '../program/usage-error.ts';

export const rpcCall: CliCommand = {
  name: 'rpc call',
  summary: 'Call any method of the daemon and print its result as JSON',
  positionals: [
    { name: 'method', required: true, help: 'for example `ping`' },
    { name: 'params', help: 'a JSON object, or - to read it from stdin; {} when absent' },
  ],
  examples: ['nook rpc call ping', `nook rpc call vm.show '{"name":"web"}'`],
  async run({ positionals, context }) {
    using progress = context.progress();
    const params = positionals.params === '-' ? await textOf(context.stdin) : ((positionals.params as string) ?? '{}');
    // The daemon checks method and params: that is what calling by hand is for.
    const method = positionals.method as keyof RpcMethods & string;
    const result = await context.call(method, objectIn(params) as never, {
      onProgress: (update) => progress.update(update),
    });
    context.out.json(result);
  },
};

async function textOf(stream: NodeJS.ReadStream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function objectIn(text: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError(
      `The params are not JSON: ${(error as Error).message}.`,
      `Write for example '{"name":"web"}'.`,
    );
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new UsageError('The params are not a JSON object.', `Write for example '{"name":"web"}'.`);
}
