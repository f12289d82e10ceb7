import { API_VERSION, NookError, type VmPort } from '@nook/daemonapi';
import { test } from 'vitest';
import type { AnyPlugin } from '../../any-plugin.ts';
import { saidOf } from '../fault.fixture.ts';

const echo: VmPort = { port: 7, command: ({ name }) => ({ argv: ['cat'], env: [`NAME=${name}`] }) };

function withPorts(...ports: Partial<VmPort>[]): AnyPlugin {
  return {
    name: 'ports',
    api: API_VERSION,
    version: '1.0.0',
    from: import.meta.url,
    setup: (context) => {
      for (const port of ports) context.contribute('vm.port', { ...echo, ...port });
    },
  };
}

const refusing = () => Promise.reject(new NookError('unavailable', 'Not today.'));

test.concurrent.for<[what: string, ports: Partial<VmPort>[], check: string, says: RegExp]>([
  ['nothing wrong', [{}, { port: 13, command: refusing }], 'answers', /^$/],
  ['port 0', [{ port: 0 }], 'each once', /0 is no TCP port/],
  ['one port twice', [{}, {}], 'each once', /twice: 7, 7/],
  ['a command without words', [{ command: () => ({ argv: [] }) }], 'answers', /a command of no words/],
  ['a variable without a name', [{ command: () => ({ argv: ['cat'], env: ['x'] }) }], 'answers', /is not NAME=value/],
  ['an endless command', [{ command: () => ({ argv: ['x'.repeat(70_000)] }) }], 'answers', /70000 bytes, of 60000/],
  ['any error', [{ command: () => Promise.reject(new Error('oops')) }], 'answers', /no NookError: oops/],
])('a plugin with %s is told', async ([, ports, check, says], { expect }) => {
  expect(
    await saidOf({
      plugin: withPorts(...ports),
      check: `vm.port: ${check}`.replace('each once', 'is a TCP port'),
      says,
    }),
  ).toMatch(says);
});
