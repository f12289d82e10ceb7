// A daemon of the engine and one plugin, which publishes events when it is told to.
import {
  API_VERSION,
  type RpcMethod,
  registerPlugin,
  type StandardSchema,
} from '../../packages/daemonapi/src/index.ts';
import { runDaemon } from '../../packages/engine/src/index.ts';

interface Publish {
  readonly count: number;
  readonly durable: boolean;
}

declare module '../../packages/daemonapi/src/index.ts' {
  interface RpcMethods {
    'publisher.publish': RpcMethod<Publish, null>;
  }
  interface Events {
    'publisher.news': { readonly name: string; readonly state: string; readonly n: number };
  }
}

/** Only the bench calls. */
function anything<T>(): StandardSchema<T, T> {
  return { '~standard': { version: 1, vendor: 'bench', validate: (value) => ({ value: value as T }) } };
}

registerPlugin({
  name: 'publisher',
  api: API_VERSION,
  version: '1.0.0',
  from: import.meta.url,
  setup({ method, events }) {
    method('publisher.publish', {
      summary: 'Publishes so many events at once.',
      access: 'write',
      params: anything<Publish>(),
      result: anything<null>(),
      run({ count, durable }) {
        // As large as news of a VM.
        for (let n = 0; n < count; n++) {
          events.publish('publisher.news', { name: 'calm-river', state: 'running', n }, { durable });
        }
        return null;
      },
    });
  },
});

await runDaemon();
