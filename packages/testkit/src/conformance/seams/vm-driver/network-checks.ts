import assert from 'node:assert/strict';
import { connect, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { within } from '../../subject-box.ts';
import type { DriverCheck } from './options.ts';
import { TestVm } from './test-vm.ts';

const ANSWER_MS = 20_000;

/** What `user_network` promises. */
export const networkChecks: readonly DriverCheck[] = [
  {
    declares: 'user_network',
    name: 'user_network: the guest reaches out, and a published port leads into it',
    async run(subject) {
      const port = await freePort();
      await using vm = await TestVm.running(subject, { network: 'user', publish: [`127.0.0.1:${port}:8000`] });
      assert.match(await vm.output('ip route'), /^default via /m);
      await vm.begin('while :; do echo hello | nc -l -p 8000; done');
      assert.equal(await within(ANSWER_MS, 'an answer through a published port', hello(port)), 'hello\n');
    },
  },
  {
    lacks: 'user_network',
    name: 'user_network: is refused with the name of the driver',
    async run(subject) {
      await using vm = await TestVm.create(subject, { network: 'user' });
      const message = `Driver '${subject.driver}' cannot give a VM a network of mode 'user'.`;
      await assert.rejects(vm.start(), { code: 'unavailable', message });
    },
  },
];

/** What `port_forwards` promises. */
export const forwardChecks: readonly DriverCheck[] = [
  {
    declares: 'port_forwards',
    name: 'port_forwards: a port is published of a running VM, and taken back',
    async run(subject) {
      const port = await freePort();
      await using vm = await TestVm.running(subject, { network: 'user' });
      await vm.begin('while :; do echo hello | nc -l -p 8000; done');
      await vm.publish(`127.0.0.1:${port}:8000`);
      assert.equal(await within(ANSWER_MS, 'an answer through a published port', hello(port)), 'hello\n');
      await vm.unpublish(`127.0.0.1:${port}:8000`);
      await assert.rejects(text(connect(port, '127.0.0.1')), { code: 'ECONNREFUSED' });
    },
  },
];

/** The guest may not listen yet: then the connection is taken and ends without a word. */
async function hello(port: number): Promise<string> {
  for (;;) {
    const answer = await text(connect(port, '127.0.0.1')).catch(() => '');
    if (answer !== '') return answer;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
