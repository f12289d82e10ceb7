import type { CliCommand } from '@nook/daemonapi';
import type {} from '@nook/engine/contract';

interface Described {
  readonly name: string;
  readonly summary: string;
  readonly 'x-access': string;
}

export const rpcDiscover: CliCommand = {
  name: 'rpc discover',
  summary: 'List the methods of the daemon; with --json as an OpenRPC document',
  examples: ['nook rpc discover', 'nook rpc discover --json > openrpc.json'],
  async run({ context }) {
    const document = await context.call('rpc.discover', {});
    if (context.json) {
      context.out.json(document);
      return;
    }
    const methods = document.methods as readonly Described[];
    context.out.table(
      ['METHOD', 'ACCESS', 'SUMMARY'],
      methods.map((method) => [method.name, method['x-access'], method.summary]),
    );
  },
};
