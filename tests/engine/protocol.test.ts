import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BundledEngine, bundledEngine } from './daemon-methods.ts';
import { type Exchange, matches, readExchanges } from './recorded-exchanges.ts';

const exchanges = readExchanges(readFileSync(new URL('../../docs/protocol/exchanges.txt', import.meta.url), 'utf8'));

let daemon: BundledEngine;
const socketPath = () => join(daemon.home, 'run', 'nookd.sock');

beforeAll(async () => {
  daemon = await bundledEngine();
});

afterAll(() => daemon[Symbol.asyncDispose]());

test('there is something to replay', () => {
  expect(exchanges.length).toBeGreaterThan(8);
});

test.each(exchanges)('$title', async ({ steps }: Exchange) => {
  const socket = connect({ path: socketPath(), allowHalfOpen: true });
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  for (const step of steps) {
    if (step.kind === 'send') socket.write(`${step.line}\n`);
    else if (step.kind === 'shut') socket.end();
    else {
      const { value, done } = await lines.next();
      if (step.kind === 'closed') expect(done, `${value}`).toBe(true);
      else
        expect(matches(step.value, JSON.parse(String(value))), `${value}\nis not\n${JSON.stringify(step.value)}`).toBe(
          true,
        );
    }
  }
  socket.destroy();
});

test('socat is a client: it writes one line, shuts down its writing side and waits', async () => {
  const request = '{"version":1,"method":"ping"}';
  const { stdout } = await promisify(execFile)('sh', [
    '-c',
    `printf '%s\\n' '${request}' | socat -t 10 - UNIX-CONNECT:"$0"`,
    socketPath(),
  ]);
  expect(JSON.parse(stdout)).toMatchObject({ ok: true, result: { pid: process.pid } });
});
