import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';

type Program = ChildProcessByStdio<null, Readable, Readable>;

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Program {
  const program = join(import.meta.dirname, 'fixture-program.ts');
  return spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
}

async function ended(child: Program) {
  const [[exit], stdout, stderr] = await Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]);
  return { exit: exit as number | null, stdout, stderr };
}

const run = (...args: string[]) => ended(start(args));

test('version needs no daemon and speaks JSON', async () => {
  expect(JSON.parse((await run('version', '--json')).stdout)).toMatchObject({
    version: expect.any(String),
    node: process.versions.node,
  });
  expect(await run('--version')).toMatchObject({ exit: 0, stdout: expect.stringMatching(/^nook \d+\.\d+\.\d+ /) });
});

test('an error is told in parts on stderr, with the exit code that the command chose', async () => {
  expect(await run('thing', 'fail')).toEqual({
    exit: 125,
    stdout: '',
    stderr: 'error: There is no thing.\nhint: Make one.\n',
  });
});

test('with --json an error is one JSON object on stderr', async () => {
  const { exit, stdout, stderr } = await run('thing', 'fail', '--json');
  expect({ exit, stdout }).toEqual({ exit: 125, stdout: '' });
  expect(JSON.parse(stderr)).toEqual({
    error: { code: 'not_found', message: 'There is no thing.', hint: 'Make one.', details: { thing: 1 } },
  });
});

test('a fault of the program shows where on request only', async () => {
  const plain = await run('thing', 'crash');
  expect(plain).toMatchObject({ exit: 1, stderr: expect.not.stringContaining('    at ') });
  expect(plain.stderr).toContain('error: x is not a function');
  expect((await ended(start(['thing', 'crash'], { NOOK_DEBUG: '1' }))).stderr).toContain('    at ');
});

test('wrong usage is exit code 2 with a way on, in JSON as well', async () => {
  expect(await run('thing', 'fial')).toEqual({
    exit: 2,
    stdout: '',
    stderr: "error: There is no command 'nook thing fial'.\nhint: Did you mean: nook thing fail\n",
  });
  expect(JSON.parse((await run('thing', 'fail', '--bogus', '--json')).stderr).error.code).toBe('usage');
  expect(await run('--bogus')).toMatchObject({ exit: 2, stdout: '' });
});

test('help is reached in every way that people try', async () => {
  const pages = await Promise.all([
    run('help', 'thing', 'echo'),
    run('thing', 'echo', '--help'),
    run('thing', 'echo', '-h'),
    run('--help', 'thing', 'echo'),
  ]);
  expect(new Set(pages.map(({ stdout }) => stdout)).size).toBe(1);
  expect(pages[0]).toMatchObject({ exit: 0, stdout: expect.stringContaining('nook thing echo [flags] THING') });
  expect(await run('help', 'exit-codes')).toMatchObject({ exit: 0, stdout: expect.stringContaining('125') });
  expect(await run('help', 'thing', 'ehco')).toMatchObject({ exit: 2 });
});

test('all output arrives although the program ends right after writing it', async () => {
  expect((await run('many')).stdout.split('\n')).toHaveLength(200_001);
});

test('a reader that goes away ends it quietly', async () => {
  const child = start(['many']);
  await once(child.stdout, 'data');
  child.stdout.destroy();
  const [exit] = await once(child, 'exit');
  expect({ exit, stderr: await text(child.stderr) }).toEqual({ exit: 141, stderr: '' });
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('%s unwinds the command and gives %d', async (signal, code) => {
  const child = start(['thing', 'wait']);
  const result = ended(child);
  await once(child.stdout, 'data');
  child.kill(signal);
  expect(await result).toMatchObject({ exit: code, stderr: '' });
});

test('a second signal ends a command that does not unwind', async () => {
  const child = start(['thing', 'wait', '--stubborn']);
  const result = ended(child);
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  child.kill('SIGINT');
  expect((await result).exit).toBeGreaterThan(128);
});

test('a command may take the signals', async () => {
  const child = start(['thing', 'wait', '--take']);
  const result = ended(child);
  await once(child.stdout, 'data');
  child.kill('SIGINT');
  expect(await result).toMatchObject({ exit: 7, stdout: expect.stringContaining('SIGINT') });
});
