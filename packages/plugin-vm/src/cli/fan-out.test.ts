import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { PrefixedLines } from './fan-out.ts';

it('lines of two writers stay whole, however they come', async () => {
  const to = new PassThrough();
  const [one, two] = [new PrefixedLines('one', to), new PrefixedLines('two', to)];
  const letter = Buffer.from('ä');
  one.write('a');
  two.write('x\ny');
  one.write(Buffer.concat([Buffer.from('b\nc'), letter.subarray(0, 1)]));
  one.write(letter.subarray(1));
  two.write('z\n\n');
  await Promise.all([one, two].map((stream) => new Promise<void>((resolve) => stream.end(resolve))));
  to.end();
  expect((await text(to)).split('\n').toSorted()).toEqual([
    '',
    'one | ab',
    'one | cä',
    'two | ',
    'two | x',
    'two | yz',
  ]);
});

it('a line without an end is written in parts', async () => {
  const to = new PassThrough();
  const lines = new PrefixedLines('one', to);
  const seen = text(to);
  lines.write('x'.repeat(70_000));
  await new Promise<void>((resolve) => lines.end('y', resolve));
  to.end();
  expect(await seen).toBe(`one | ${'x'.repeat(70_000)}\none | y\n`);
});
