import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { RpcClient } from '@nook/wire';
import { peerCredentials, peerOf } from '@nook/wire/peer-credentials';
import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { daemonProcess } from '../daemon-process.fixture.ts';
import { plugin, tempDir, testEngine } from '../engine.fixture.ts';
import { accessOf } from './peer-access.ts';

const tiny = fileURLToPath(import.meta.resolve('../tiny-daemon.fixture.ts'));
const isRoot = process.getuid?.() === 0;
const NOBODY = 65534;

test('the kernel says who a peer is; what is no local socket has none', async () => {
  await using dir = await tempDir();
  const path = join(dir.path, 's');
  const server = createServer().listen(path);
  await once(server, 'listening');
  const client = connect(path);
  const [socket] = await once(server, 'connection');
  expect(peerOf(socket)).toEqual({ pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.() });
  expect(peerCredentials(-1)).toBeUndefined();
  const file = await open(path.replace(/s$/, 'file'), 'w');
  expect(peerCredentials(file.fd)).toBeUndefined();
  await file.close();
  socket.destroy();
  expect(peerOf(socket)).toBeUndefined();
  client.destroy();
  server.close();
});

test.each([
  [{ uid: 1000 }, 'admin'],
  [{ uid: 0 }, 'admin'],
  [{ uid: 1001 }, 'read'],
  [{ uid: 1002 }, undefined],
  [undefined, undefined],
])('peer %o may do: %s', (peer, expected) => {
  const rules = { uid: 1000, granted: { 1001: 'read' } } as const;
  expect(accessOf(peer === undefined ? undefined : { pid: 1, gid: 1, ...peer }, rules)).toBe(expected);
});

describe('another user', () => {
  beforeEach(({ skip }) => skip(!isRoot, 'only root can ask as somebody else'));

  const methods = plugin('p', ({ method }) => {
    for (const access of ['read', 'write', 'admin']) {
      method(`p.${access}`, { summary: 's', access, params: z.object({}), result: z.any(), run: () => access });
    }
  });

  /** Asks as somebody who may open the socket and is not its user. */
  async function ask(home: string, line: string) {
    for (const path of ['', 'run', 'run/nookd.sock']) await chmod(join(home, path), 0o777);
    const { stdout } = await promisify(execFile)('sh', [
      '-c',
      `printf '%s\\n' '${line}' | setpriv --reuid ${NOBODY} --regid ${NOBODY} --clear-groups socat -t 5 - UNIX-CONNECT:"$0"`,
      join(home, 'run', 'nookd.sock'),
    ]);
    return JSON.parse(stdout);
  }

  test('is refused, whatever it asks', async () => {
    await using test = await testEngine([methods], { listen: true });
    await test.engine.start();
    const answer = await ask(test.home, '{"version":1,"method":"p.read"}');
    expect(answer).toMatchObject({ ok: false, error: { code: 'unauthorized', op_id: expect.any(String) } });
  });

  test('may do what it was granted, and no more', async () => {
    const config = { daemon: { access: { [NOBODY]: 'write' } } };
    await using test = await testEngine([methods], { listen: true, config });
    await test.engine.start();
    expect(await ask(test.home, '{"version":1,"method":"p.write"}')).toEqual({ ok: true, result: 'write' });
    const refused = { ok: false, error: { code: 'unauthorized' } };
    expect(await ask(test.home, '{"version":1,"method":"p.admin"}')).toMatchObject(refused);
    expect(await ask(test.home, '{"version":1,"method":"shutdown"}')).toMatchObject(refused);
  });
});

describe('systemd', () => {
  test('starts the daemon with a socket that it made, which stays when the daemon ends', async () => {
    await using dir = await tempDir();
    await mkdir(join(dir.path, 'run'), { mode: 0o700 });
    const path = join(dir.path, 'run', 'nookd.sock');
    const activate = spawn(
      'systemd-socket-activate',
      ['-l', path, '-E', `NOOK_HOME=${dir.path}`, '-E', `PATH=${process.env.PATH}`, process.execPath, tiny],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    await using _ = killedWithTest(activate);
    await once(activate.stderr, 'data');
    // The daemon is started by this very connection.
    const client = await RpcClient.connect(path);
    expect(await client.call('ping')).toMatchObject({ pid: activate.pid });
    await client.call('shutdown');
    expect((await once(activate, 'exit'))[0]).toBe(0);
    expect(existsSync(path)).toBe(true);
  });

  test('sockets meant for another process are left alone', async () => {
    await using dir = await tempDir();
    await using nookd = daemonProcess(import.meta.resolve('../tiny-daemon.fixture.ts'), {
      NOOK_HOME: dir.path,
      LISTEN_PID: '1',
      LISTEN_FDS: '1',
    });
    expect(await nookd.ready()).toMatchObject({ ready: true });
    const client = await RpcClient.connect(join(dir.path, 'run', 'nookd.sock'));
    expect(await client.call('ping')).toMatchObject({ pid: nookd.child.pid });
  });

  test.each([
    ['a path', (dir: string) => join(dir, 'notify')],
    ['an abstract name', () => `@nook-test-${process.pid}`],
  ])('is told on %s when the daemon is ready and when it stops', async (_, name) => {
    await using dir = await tempDir();
    const target = name(dir.path);
    const output = join(dir.path, 'told');
    await writeFile(output, '');
    const address = target.startsWith('@') ? `ABSTRACT-RECVFROM:${target.slice(1)}` : `UNIX-RECVFROM:${target}`;
    const socat = spawn('socat', ['-u', `${address},fork`, `OPEN:${output},append`]);
    await using _socat = killedWithTest(socat);
    await expect.poll(() => isBound(target)).toBe(true);
    await using nookd = daemonProcess(import.meta.resolve('../tiny-daemon.fixture.ts'), {
      NOOK_HOME: dir.path,
      NOTIFY_SOCKET: target,
    });
    await nookd.ready();
    await expect.poll(() => readFile(output, 'utf8')).toContain(`READY=1\nMAINPID=${nookd.child.pid}\nSTATUS=serving`);
    nookd.child.kill('SIGTERM');
    expect(await nookd.exit()).toBe(0);
    await expect.poll(() => readFile(output, 'utf8')).toContain('STOPPING=1');
  });
});

async function isBound(name: string): Promise<boolean> {
  return (await readFile('/proc/net/unix', 'utf8')).includes(` ${name}\n`);
}

function killedWithTest(child: ChildProcess): AsyncDisposable {
  return {
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
