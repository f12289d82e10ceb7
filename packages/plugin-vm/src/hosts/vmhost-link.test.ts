import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listenUnix, type RpcConnection, serveRpc, type UnixServer } from '@nook/wire';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { VM_FILES } from '../vmhost/host-spec.ts';
import { VmhostLink } from './vmhost-link.ts';

let dir: string;
let server: UnixServer;
let connection: RpcConnection;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'nook-vm-'));
  server = await listenUnix(join(dir, VM_FILES.socket), (socket) => {
    connection = serveRpc(socket, ({ request }) =>
      request.method === 'hello' ? { version: 1, token: 'the-token' } : new Promise(() => {}),
    );
  });
});
afterEach(async () => {
  await server.close();
  await rm(dir, { recursive: true });
});

const { signal } = new AbortController();

it('does not wait for a vmhost that is gone, whether it went before or meanwhile', async () => {
  const link = await VmhostLink.connect(dir, 'the-token', 'op-test');
  const waiting = link.until(() => false, signal);
  connection.close();
  expect(await waiting).toBe(false);
  await link.closed;
  expect(await link.until(() => true, signal)).toBe(false);
  await link.untilClosed(signal);
});

it('waits no longer than it is told to for one that says nothing', async () => {
  const link = await VmhostLink.connect(dir, 'the-token', 'op-test');
  const late = new AbortController();
  const waiting = link.until(() => true, late.signal);
  late.abort(new Error('it is late'));
  await expect(waiting).rejects.toThrow('it is late');
  link.close();
});
