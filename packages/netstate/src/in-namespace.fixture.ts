import { createInterface } from 'node:readline';
import {
  advance,
  observe,
  type Pin,
  pin,
  readDesiredState,
  reconcile,
  recorded,
  remove,
  untold,
  watchPackets,
} from './index.ts';

const told: unknown[] = [];

// Run inside a network namespace of a test: a call in JSON per line, its answer in JSON per line.
const calls: Readonly<Record<string, (argument: unknown) => unknown>> = {
  observe,
  recorded,
  untold,
  pin: (pins) => pin(pins as Pin[]),
  watch: () => {
    watchPackets(
      (packet) => told.push(packet),
      () => {},
    );
  },
  told: () => told,
  remove,
  advance: (states) => advance(...((states as unknown[]).map(readDesiredState) as Parameters<typeof advance>)),
  reconcile: (state) => reconcile(readDesiredState(state)),
};

console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
  const [name, argument] = JSON.parse(line) as [string, unknown];
  try {
    console.log(JSON.stringify({ result: (await calls[name]?.(argument)) ?? null }));
  } catch (error) {
    console.log(
      JSON.stringify({ error: { code: (error as { code?: string }).code, message: (error as Error).message } }),
    );
  }
}
