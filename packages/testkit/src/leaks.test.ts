import { spawn } from 'node:child_process';
import { watch } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { expect, onTestFinished, test } from 'vitest';
import { type greeter, varied } from './greeter.fixture.ts';
import { LeakError } from './leaks/leak-error.ts';
import { startTestDaemon } from './test-daemon.ts';

type Undo = (step: () => void) => void;

async function leaksOf(plugin: typeof greeter): Promise<readonly string[]> {
  const daemon = await startTestDaemon({ plugins: [plugin] });
  const error = await daemon[Symbol.asyncDispose]().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error instanceof LeakError ? error.leaks : [];
}

const listening = (server: Server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

const CASES: Readonly<Record<string, (undo: Undo) => unknown>> = {
  'a timer': (undo) => {
    const timer = setInterval(() => {}, 60_000);
    undo(() => clearInterval(timer));
  },
  'a timer that keeps no process alive': (undo) => {
    const timer = setTimeout(() => {}, 60_000).unref();
    undo(() => clearTimeout(timer));
  },
  'a listening socket': async (undo) => {
    const server = createServer();
    await listening(server);
    undo(() => server.close());
  },
  'a socket': async (undo) => {
    const server = createServer();
    await listening(server);
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    undo(() => {
      socket.destroy();
      server.close();
    });
  },
  'a child process': (undo) => {
    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    undo(() => child.kill('SIGKILL'));
  },
  'a file watcher': (undo) => {
    const watcher = watch(tmpdir());
    undo(() => watcher.close());
  },
  "a listener on process 'SIGUSR2'": (undo) => {
    const listener = () => {};
    process.on('SIGUSR2', listener);
    undo(() => process.off('SIGUSR2', listener));
  },
};

test.concurrent.for(Object.entries(CASES))(
  '%s left by a plugin is found',
  async ([what, leak], { expect, onTestFinished }) => {
    const kind = what.replace(' that keeps no process alive', '');
    const leaks = await leaksOf(varied({ start: async () => void (await leak(onTestFinished)) }));
    expect(leaks.some((found) => found.startsWith(kind))).toBe(true);
    if (!kind.includes('listener')) expect(leaks.join('\n')).toMatch(/of plugin 'test-greeter', made/);
  },
);

test('what was made by a callback long after start is found', async () => {
  const later = () => {
    setImmediate(() => Promise.resolve().then(() => CASES['a timer']?.(onTestFinished)));
  };
  const plugin = varied({
    start: later,
    stop: () => new Promise((resolve) => setImmediate(() => setImmediate(resolve))),
  });
  expect(await leaksOf(plugin)).toEqual([
    expect.stringMatching(/^a timer of plugin 'test-greeter', made at .*leaks\.test\.ts/),
  ]);
});

test('a subscription that was not ended is found', async () => {
  expect(await leaksOf(varied({ dispose: () => {} }))).toEqual(["a subscription of plugin 'test-greeter' to 'test.*'"]);
});

test('what is closed, however late within its time, is none', async () => {
  const brief = () => void setTimeout(() => {}, 300);
  expect(await leaksOf(varied({ start: brief }))).toEqual([]);
});

test('what others of the same process hold is not blamed on a daemon', async () => {
  const before = setInterval(() => {}, 60_000);
  const plugin = varied({ start: () => AbortSignal.timeout(60_000).throwIfAborted() });
  expect(await leaksOf(plugin)).toEqual([]);
  clearInterval(before);
});
