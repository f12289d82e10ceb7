import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NookError } from '@nook/daemonapi';
import { listenUnix, type RpcConnection, serveRpc, type UnixServer } from '@nook/wire';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CONTROL_VERSION } from '../vmhost/control-version.ts';
import { VM_FILES } from '../vmhost/host-spec.ts';
import { VmhostLink } from './vmhost-link.ts';

let dir: string;
let server: UnixServer;
let connection: RpcConnection;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'nook-vm-'));
  server = await listenUnix(join(dir, VM_FILES.socket), (socket) => {
    connection = serveRpc(socket, ({ request }) => answer(request.method));
  });
});
afterEach(async () => {
  await server.close();
  await rm(dir, { recursive: true });
});

function answer(method: string): unknown {
  if (method === 'hello') return { version: 1, token: 'the-token' };
  if (method === 'pause') throw new NookError('unknown_method', `A vmhost has no method '${method}'.`);
  return new Promise(() => {});
}

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

it('says of a vmhost of an earlier nook what it is, and how the VM gets another one', async () => {
  const link = await VmhostLink.connect(dir, 'the-token', 'op-test');
  link.nameOfVm = () => 'web';
  await expect(link.call('pause', {}, { opId: 'op-test', timeoutMs: 5_000 })).rejects.toMatchObject({
    code: 'unavailable',
    message: "The vmhost of VM 'web' is of an earlier nook, which could not do this yet.",
    hint: 'Restart the VM: nook vm restart web',
    details: { method: 'pause', vmhost_version: 1, version: CONTROL_VERSION },
  });
  link.close();
});
