import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TestAgent } from './agent.fixture.ts';
import { copyOut } from './copy.fixture.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'nook-copy-'));
});
afterEach(() => rm(dir, { recursive: true }));

const at = (...names: string[]) => join(dir, ...names);

describe('a copy out of the guest', () => {
  test('of a file', async () => {
    await using agent = await TestAgent.start();
    writeFileSync(at('f'), 'hello');
    chmodSync(at('f'), 0o4751);
    expect(await copyOut(agent, { path: at('f') })).toEqual(['file 4751', 'data hello', 'close', 'done']);
  });

  test('of a tree enters and leaves each directory, and follows nothing', async () => {
    await using agent = await TestAgent.start();
    mkdirSync(at('t', 'sub'), { recursive: true, mode: 0o755 });
    writeFileSync(at('t', 'sub', 'f'), '');
    expect(await copyOut(agent, { path: at('t') })).toEqual([
      'directory 755',
      'directory 755 sub',
      'file 644 f',
      'close',
      'up',
      'up',
      'done',
    ]);
    await rm(at('t', 'sub'), { recursive: true });
    symlinkSync('/etc', at('t', 'link'));
    expect(await copyOut(agent, { path: at('t') })).toEqual([
      'directory 755',
      'symlink 777 link -> /etc',
      'up',
      'done',
    ]);
  });

  test('of a symlink is the symlink, unless it is to be followed', async () => {
    await using agent = await TestAgent.start();
    writeFileSync(at('f'), 'x');
    symlinkSync('f', at('l'));
    expect(await copyOut(agent, { path: at('l') })).toEqual(['symlink 777 -> f', 'done']);
    expect(await copyOut(agent, { path: at('l'), follow: true })).toEqual(['file 644', 'data x', 'close', 'done']);
  });

  test('of a sparse file sends its holes as such', async () => {
    await using agent = await TestAgent.start();
    writeFileSync(at('s'), 'begin');
    truncateSync(at('s'), 2 ** 40);
    const lines = await copyOut(agent, { path: at('s') });
    expect(lines[0]).toBe('file 644');
    expect(lines[1]?.replaceAll('\0', '')).toBe('data begin');
    expect(lines[2]).toMatch(/^hole 10995116\d+$/);
    expect(lines.slice(3)).toEqual(['close', 'done']);
  });

  test('of what the kernel makes up works when it is named', async () => {
    await using agent = await TestAgent.start();
    const [file, data, ...rest] = await copyOut(agent, { path: '/proc/self/status' });
    expect(file).toBe('file 444');
    expect(data).toMatch(/^data Name:/);
    expect(rest).toEqual(['close', 'done']);
  });

  test('passes over devices, fifos and sockets, and says so', async () => {
    await using agent = await TestAgent.start();
    mkdirSync(at('t'));
    execFileSync('mkfifo', [at('t', 'fifo')]);
    expect(await copyOut(agent, { path: at('t') })).toEqual([
      'directory 755',
      `skipped ${at('t', 'fifo')}: is neither a file, nor a directory, nor a symlink`,
      'up',
      'done',
    ]);
    expect(await copyOut(agent, { path: at('t', 'fifo') })).toEqual([
      `failed ${at('t', 'fifo')}: is neither a file nor a directory`,
    ]);
  });

  test('of what is not there fails with its name', async () => {
    await using agent = await TestAgent.start();
    expect(await copyOut(agent, { path: at('nope') })).toEqual([`failed ${at('nope')}: No such file or directory`]);
  });

  test('ends at the bound of nesting', async () => {
    await using agent = await TestAgent.start();
    mkdirSync(at(...Array.from({ length: 260 }, () => 'd')), { recursive: true });
    expect((await copyOut(agent, { path: dir })).at(-1)).toMatch(/^failed .*\/d: lies too deep/);
  });
});
