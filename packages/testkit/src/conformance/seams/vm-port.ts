import assert from 'node:assert/strict';
import { isNookError, type VmPort } from '@nook/daemonapi';
import type { ConformanceCheck } from '../check.ts';
import type { Subject } from '../options.ts';
import { END_MS, subjectBox, within } from '../subject-box.ts';

const VM = { id: '0123456789abcdef', name: 'conformance' };
/** What an EXEC of the guest protocol holds, with room for its fields. */
const MAX_COMMAND = 60_000;

/** Runs `examine` with the ports that the plugin answers. */
async function withPorts(subject: Subject, examine: (ports: readonly VmPort[]) => Promise<void> | void): Promise<void> {
  await using box = await subjectBox(subject);
  await box.start();
  const { contributed } = box.of(subject.plugin.name);
  await examine(contributed.filter(({ point }) => point === 'vm.port').map(({ value }) => value as VmPort));
}

/** What holds for every `vm.port`. */
export const vmPortSeam: readonly ConformanceCheck[] = [
  {
    name: 'vm.port: is a TCP port, each once',
    run: (subject) =>
      withPorts(subject, (ports) => {
        const numbers = ports.map(({ port }) => port);
        for (const port of numbers) {
          assert.ok(Number.isInteger(port) && port >= 1 && port <= 65_535, `${port} is no TCP port`);
        }
        assert.equal(new Set(numbers).size, numbers.length, `twice: ${numbers.join(', ')}`);
      }),
  },
  {
    name: 'vm.port: answers with a command that fits, or says why not',
    run: (subject) =>
      withPorts(subject, async (ports) => {
        for (const port of ports) {
          const answer = await within(
            END_MS,
            `port ${port.port}`,
            Promise.resolve()
              .then(() => port.command(VM, new AbortController().signal))
              .catch((error: unknown) => error as Error),
          );
          if (answer instanceof Error) {
            assert.ok(isNookError(answer), `port ${port.port} answers with no NookError: ${answer.message}`);
            continue;
          }
          const { argv, env = [] } = answer;
          assert.ok(argv.length > 0, `port ${port.port} answers with a command of no words`);
          for (const text of [...argv, ...env]) assert.ok(!text.includes('\0'), 'a command holds a NUL byte');
          for (const variable of env) assert.match(variable, /^[^=]+=/, 'an environment entry is not NAME=value');
          const size = Buffer.byteLength([...argv, ...env].join(' '));
          assert.ok(size <= MAX_COMMAND, `a command has ${size} bytes, of ${MAX_COMMAND} that fit`);
        }
      }),
  },
];
