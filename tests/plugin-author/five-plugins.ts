import { API_VERSION, type PluginContext, type PluginDefinition, type RpcMethod } from '@nook/daemonapi';
import { z } from 'zod';

declare module '@nook/daemonapi' {
  interface RpcMethods {
    'order.sum': RpcMethod<{ readonly numbers: readonly number[] }, { readonly sum: number; readonly kept: number }>;
    'order.heard': RpcMethod<Record<string, never>, readonly string[]>;
  }
  interface Events {
    'order.summed': { readonly sum: number };
  }
}

// biome-ignore lint/suspicious/noExplicitAny: the plugins have names that no contract knows
type Loose = any;
type Setup = (context: PluginContext & Loose) => ReturnType<PluginDefinition['setup']>;

/** Adds, and asks the ledger to remember; its start calls a capability of another plugin. */
const adder: Setup = (context) => {
  const ledger = context.need('order.ledger');
  const voice = context.need('order.voice');
  context.provide('order.adder', { add: (numbers: number[]) => numbers.reduce((sum, number) => sum + number, 0) });
  return { start: () => voice.say('adder started'), stop: () => void ledger.count() };
};

/** Remembers in the store. */
const ledger: Setup = (context) => {
  const table = `${context.name}_sums`;
  context.store.migrate([{ name: 'sums', sql: `CREATE TABLE ${table} (sum INTEGER) STRICT` }]);
  const count = () => (context.store.get(`SELECT count(*) AS n FROM ${table}`) as { n: number }).n;
  const keep = (sum: number) => context.store.run(`INSERT INTO ${table} VALUES (?)`, sum);
  context.provide('order.ledger', { count, keep });
};

/** Serves the method, with what two others provide, and tells all. */
const speaker: Setup = (context) => {
  const adder = context.need('order.adder');
  const ledger = context.need('order.ledger');
  context.method('order.sum', {
    summary: 'Adds.',
    access: 'write',
    params: z.object({ numbers: z.array(z.number()) }),
    result: z.object({ sum: z.number(), kept: z.number() }),
    run({ numbers }: { numbers: number[] }) {
      const sum = adder.add(numbers) as number;
      ledger.keep(sum);
      context.events.publish('order.summed', { sum });
      return { sum, kept: ledger.count() as number };
    },
  });
};

/** Hears what the speaker tells, and what the adder says when it starts. */
const listener: Setup = (context) => {
  const heard: string[] = [];
  context.provide('order.voice', { say: (text: string) => void heard.push(text) });
  const end = context.events.subscribe('order.*', ({ data }: { data: { sum: number } }) => heard.push(`${data.sum}`));
  context.method('order.heard', {
    summary: 'Tells what was heard.',
    access: 'read',
    params: z.object({}),
    result: z.array(z.string()),
    run: () => heard,
  });
  return { dispose: end };
};

/** Wants what nobody provides, and looks at the others. */
const doctor: Setup = (context) => {
  const adder = context.need('order.adder');
  const missing = context.want('order.missing');
  context.contribute('doctor.check', {
    name: 'order.adds',
    run: async () => [{ status: 'ok', item: 'sum', evidence: `${adder.add([1, 2])}, ${missing.available}` }],
  });
};

const ROLES = { adder, ledger, speaker, listener, doctor };

/** Five plugins that need each other, under these names. */
export function fivePlugins(names: readonly string[]): PluginDefinition[] {
  return Object.values(ROLES).map((setup, index) => ({
    name: names[index] as string,
    api: API_VERSION,
    version: '1.0.0',
    from: import.meta.url,
    setup,
  }));
}
