import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type CliContext, registerCli } from '@nook/daemonapi';
import { expect, test } from 'vitest';
import { ProgressLine } from './progress-line.ts';
import { runWithin } from './run-within.ts';

registerCli({
  commands: [
    {
      name: 'test shout',
      summary: 'Says it louder',
      options: { times: { value: 'N', help: 'how often' } },
      trailing: { name: 'WORD', help: 'what' },
      async run({ options, trailing, context }) {
        context.stdout.write(`${await text(context.stdin)}${trailing.join(' ').toUpperCase()}`);
        context.out.note(`${options.times} times, json ${context.json}`);
        return 7;
      },
    },
  ],
});

const outer = { json: true, opId: 'op-test', run: () => Promise.resolve(0) } as unknown as CliContext;
const progressLine = new ProgressLine(process.stderr);

test('a command runs another one, with streams of its own', async () => {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  stdin.end('so: ');
  const words = ['test', 'shout', '--times', '2', '--', 'hello', '--times'];
  const code = await runWithin(outer, words, { streams: { stdin, stdout, stderr }, progressLine });
  stdout.end();
  stderr.end();
  expect(code).toBe(7);
  expect(await text(stdout)).toBe('so: HELLO --TIMES');
  expect(await text(stderr)).toBe('2 times, json false\n');
});

test('what cannot be run is an error for the one who asked', async () => {
  const within = { streams: undefined, progressLine };
  await expect(runWithin(outer, ['test', 'none'], within)).rejects.toMatchObject({ code: 'bad_params' });
  await expect(runWithin(outer, ['test', 'shout', '--what'], within)).rejects.toThrow('no option --what');
});
