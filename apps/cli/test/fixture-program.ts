// The nook program with commands of its own instead of the plugins', for tests that need a whole process.
import { type CliCommand, NookError, registerCli } from '@nook/daemonapi';
import '../src/commands/register.ts';
import { main } from '../src/program/main.ts';

const fail: CliCommand = {
  name: 'thing fail',
  summary: 'Fail',
  failureExitCode: 125,
  run() {
    throw new NookError('not_found', 'There is no thing.', { hint: 'Make one.', details: { thing: 1 } });
  },
};

const crash: CliCommand = {
  name: 'thing crash',
  summary: 'Fail by a fault of its own',
  run() {
    throw new TypeError('x is not a function');
  },
};

const wait: CliCommand = {
  name: 'thing wait',
  summary: 'Wait for a signal',
  options: { take: { help: 'take signals instead of being ended' }, stubborn: { help: 'do not unwind' } },
  async run({ context, options }) {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const alive = setInterval(() => {}, 1 << 30);
    using _taken = options.take
      ? context.onSignal((signal) => {
          context.out.line(signal);
          resolve(7);
        })
      : undefined;
    if (!options.stubborn) context.signal.addEventListener('abort', () => reject(context.signal.reason));
    context.out.line('ready');
    return await promise.finally(() => clearInterval(alive));
  },
};

const many: CliCommand = {
  name: 'thing many',
  aliases: ['many'],
  summary: 'Print many lines',
  run({ context }) {
    for (let i = 0; i < 200_000; i++) context.out.line(`line ${i}`);
  },
};

const echo: CliCommand = {
  name: 'thing echo',
  summary: 'Print what was parsed',
  positionals: [{ name: 'thing', required: true, help: 'which' }],
  options: { name: { value: 'NAME', help: 'a name' } },
  trailing: { name: 'command', help: 'what to run' },
  examples: ['nook thing echo web -- ls'],
  run({ positionals, options, trailing, context }) {
    context.out.json({ positionals, options, trailing });
  },
};

registerCli({ commands: [crash, echo, fail, many, wait], names: { THING: 'op.list' } });
await main();
