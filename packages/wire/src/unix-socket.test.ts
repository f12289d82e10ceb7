import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tempDir } from './temp-dir.fixture.ts';
import { connectUnix, listenUnix } from './unix-socket.ts';

test.each([40, 107, 108, 200, 900])('a socket whose path has at least %i bytes serves', async (length) => {
  await using dir = await tempDir();
  let folder = dir.path;
  while (folder.length + 8 < length) folder = join(folder, 'd'.repeat(Math.min(200, length - folder.length)));
  await mkdir(folder, { recursive: true });
  const path = join(folder, 's.sock');
  const server = await listenUnix(path, (socket) => socket.end('hello'));
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const client = await connectUnix(path);
  const [data] = await once(client, 'data');
  expect(String(data)).toBe('hello');
  client.destroy();
  await server.close();
  expect(existsSync(path)).toBe(false);
});

test('a socket that a dead process left is replaced, one that is served is not', async () => {
  await using dir = await tempDir();
  const path = join(dir.path, 's.sock');
  const child = spawn(process.execPath, [
    '-e',
    `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`,
  ]);
  await once(child, 'exit');
  expect(existsSync(path)).toBe(true);
  const server = await listenUnix(path, (socket) => socket.end());
  await expect(listenUnix(path, () => {})).rejects.toMatchObject({ code: 'conflict' });
  await server.close();
});

test('what is no socket is left alone', async () => {
  await using dir = await tempDir();
  const path = join(dir.path, 'file');
  await writeFile(path, 'precious');
  await expect(listenUnix(path, () => {})).rejects.toMatchObject({ code: 'unavailable' });
  expect(statSync(path).size).toBe(8);
});

test('a missing socket and a missing directory say what the system said', async () => {
  await using dir = await tempDir();
  const missing = { code: 'unavailable', details: { errno: 'ENOENT' } };
  await expect(connectUnix(join(dir.path, 'none'))).rejects.toMatchObject(missing);
  await expect(connectUnix(join(dir.path, 'x'.repeat(200)))).rejects.toMatchObject(missing);
  await expect(listenUnix(join(dir.path, 'none', 's.sock'), () => {})).rejects.toMatchObject({ code: 'unavailable' });
});

describe('a listener whose queue is full', () => {
  test('takes callers as it gets to them: none of 1,500 at once is turned away', async () => {
    await using dir = await tempDir();
    const path = join(dir.path, 's.sock');
    await using _ = await narrowListener(path, (socket) => socket.end('hello'));
    const answers = Array.from({ length: 1500 }, async () => {
      const socket = await connectUnix(path, { timeoutMs: 50_000 });
      const [data] = await once(socket, 'data');
      socket.destroy();
      return String(data);
    });
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['hello']));
  });

  test('and that takes nobody is not said to be absent: the wait has an end', async () => {
    await using dir = await tempDir();
    const path = join(dir.path, 's.sock');
    const script = `
      const server = require('node:net').createServer();
      server.listen({ path: ${JSON.stringify(path)}, backlog: 1 }, () => process.kill(process.pid, 'SIGSTOP'));`;
    const child = spawn(process.execPath, ['-e', script]);
    try {
      await expect.poll(() => existsSync(path)).toBe(true);
      const sockets = await Promise.all([connectUnix(path), connectUnix(path)]);
      await expect(connectUnix(path, { timeoutMs: 120 })).rejects.toMatchObject({ code: 'timeout' });
      for (const socket of sockets) socket.destroy();
    } finally {
      child.kill('SIGKILL');
    }
  });
});

/** Has room for few callers that wait to be accepted. */
async function narrowListener(path: string, onConnection: (socket: Socket) => void): Promise<AsyncDisposable> {
  const server = createServer(onConnection).listen({ path, backlog: 16 });
  await once(server, 'listening');
  return server;
}
