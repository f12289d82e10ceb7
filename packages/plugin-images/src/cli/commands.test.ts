import { type CliContext, NookError } from '@nook/daemonapi';
import { expect, test } from 'vitest';
import { withDebianOptions } from './debian-options.ts';
import { imageCommands } from './image.ts';
import { kernelCommands } from './kernel.ts';

/** Runs a command against scripted answers; what it printed comes back. */
async function run(
  name: string,
  positionals: object,
  answer: (method: string, params: object) => unknown,
  json = false,
) {
  const printed: string[] = [];
  const out = {
    line: (text: string) => void printed.push(text),
    json: (value: unknown) => void printed.push(JSON.stringify(value)),
    table: (columns: string[], rows: string[][]) =>
      void printed.push(...[columns, ...rows].map((row) => row.join('|'))),
    note: (text: string) => void printed.push(`! ${text}`),
  };
  const progress = () => ({ update: () => {}, [Symbol.dispose]: () => {} });
  const context = { out, json, progress, call: async (method: string, params: object) => answer(method, params) };
  const command = [...imageCommands, ...kernelCommands].find((candidate) => candidate.name === name);
  const invocation = { positionals: positionals as never, options: {}, trailing: [] };
  const failure = await Promise.resolve(
    command?.run({ ...invocation, context: context as unknown as CliContext }),
  ).then(
    () => undefined,
    (error: NookError) => error,
  );
  return { printed, failure };
}

test('image list shows names, states and sizes', async () => {
  const row = { name: 'mine', state: 'ready', default: true, summary: 'a root', created_at: 0 };
  const rows = [{ ...row, digest: `sha256:${'ab'.repeat(32)}`, size_bytes: 10 * 2 ** 30, disk_bytes: 2 ** 20 }];
  const { printed } = await run('image list', {}, () => rows);
  expect(printed[1]).toBe('mine (default)|ready|10 GiB|1 MiB|abababababab|a root');
  expect(JSON.parse((await run('image list', {}, () => rows, true)).printed[0] ?? '')).toEqual(rows);
});

test.each<[string, Record<string, string>, string]>([
  ['debian:trixie', { packages: 'git,make', variant: 'apt' }, 'debian:trixie?packages=git,make&variant=apt'],
  ['debian:trixie?variant=apt', { mirror: 'http://m/debian' }, 'debian:trixie?variant=apt&mirror=http://m/debian'],
  ['busybox', {}, 'busybox'],
])('image pull %s with %o asks for %s', (reference, options, asked) => {
  expect(withDebianOptions(reference, options)).toBe(asked);
});

test('options of Debian are for Debian', () => {
  for (const [reference, packages] of [
    ['debian-12', 'git'],
    ['debian:trixie', 'git&mirror=http://x'],
  ] as const) {
    expect(() => withDebianOptions(reference, { packages })).toThrow(/takes no --packages/);
  }
});

test('image rm removes what it can and then fails with the first error', async () => {
  const answer = (_method: string, params: object) => {
    const { reference } = params as { reference: string };
    if (reference === 'used') throw new NookError('conflict', 'used by web');
    return { name: reference, digest: 'sha256:', deleted: true };
  };
  const { printed, failure } = await run('image rm', { image: ['a', 'used', 'b'] }, answer);
  expect(printed).toEqual(['a', 'b']);
  expect(failure?.code).toBe('conflict');
});

test('image import gives the daemon an absolute path', async () => {
  let sent: unknown;
  const answer = (_method: string, params: object) => {
    sent = params;
    return { name: 'mine', digest: 'sha256:00' };
  };
  await run('image import', { path: 'root.tar' }, answer);
  expect(sent).toEqual({ path: `${process.cwd()}/root.tar` });
  await run('image import', { path: 'mine', second: 'root.tar' }, answer);
  expect(sent).toEqual({ name: 'mine', path: `${process.cwd()}/root.tar` });
  expect((await run('image import', { path: '-' }, answer)).failure?.hint).toContain('--name');
});

test('image show prints what the image is, and all of its configuration', async () => {
  const config = {
    ...{ env: ['A=1', 'B=two words'], entrypoint: ['/bin/app', '-v'], cmd: ['serve'], workdir: '/srv', user: '7:9' },
    ...{ stopSignal: 'SIGQUIT', ports: ['80/tcp', '53/udp'] },
  };
  const image = {
    ...{ name: 'mine', digest: `sha256:${'ab'.repeat(32)}`, source: 'registry.invalid/mine:v1', created_at: 0 },
    ...{ size_bytes: 10 * 2 ** 30, disk_bytes: 2 ** 20, path: '/store/disk.ext4', config },
  };
  const { printed } = await run('image show', { image: 'mine' }, () => image);
  const text = printed.join('\n');
  for (const part of ['registry.invalid/mine:v1', 'A=1', 'B=two words', '/bin/app', '-v', 'serve', '/srv', '7:9']) {
    expect(text, part).toContain(part);
  }
  for (const part of ['SIGQUIT', '80/tcp', '53/udp', image.digest]) expect(text, part).toContain(part);
  expect(JSON.parse((await run('image show', { image: 'mine' }, () => image, true)).printed[0] ?? '')).toEqual(image);
});

test('kernel show without a name asks for the default', async () => {
  const { printed } = await run('kernel show', {}, (method, params) => ({ name: method, ...params, release: '6.1' }));
  expect(printed).toContain('release    6.1');
});
