import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TestAgent } from './agent.fixture.ts';
import { copyInto, MTIME, put } from './copy.fixture.ts';
import { CopyRecord, encodeRecord } from './copy-record.ts';
import { FrameType } from './frame-type.ts';
import { encodeCopy } from './host-messages.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'nook-copy-'));
});
afterEach(() => rm(dir, { recursive: true }));

const at = (...names: string[]) => join(dir, ...names);
const tree = [
  put.directory('', 0o750),
  put.file('run', '#!/bin/sh\n', 0o4755),
  put.directory('empty'),
  put.up,
  put.symlink('link', '../outside'),
  put.up,
  put.done,
];

describe('a copy into the guest', () => {
  test('of a file has its bytes, mode and time', async () => {
    await using agent = await TestAgent.start();
    expect(await copyInto(agent, { path: at('f') }, put.file('', 'hello', 0o640), put.done)).toBeUndefined();
    expect(readFileSync(at('f'), 'utf8')).toBe('hello');
    const { mode, mtimeNs } = statSync(at('f'), { bigint: true });
    expect(mode & 0o7777n).toBe(0o640n);
    expect(mtimeNs).toBe(MTIME);
    expect(readdirSync(dir)).toEqual(['f']);
  });

  test('of a tree has directories and symlinks as they are', async () => {
    await using agent = await TestAgent.start();
    expect(await copyInto(agent, { path: at('new') }, ...tree)).toBeUndefined();
    expect(statSync(at('new'), { bigint: true })).toMatchObject({ mode: 0o40750n, mtimeNs: MTIME });
    expect(statSync(at('new', 'run')).mode & 0o7777).toBe(0o4755);
    expect(statSync(at('new', 'empty'), { bigint: true }).mtimeNs).toBe(MTIME);
    expect(readlinkSync(at('new', 'link'))).toBe('../outside');
    expect(lstatSync(at('new', 'link'), { bigint: true }).mtimeNs).toBe(MTIME);
  });

  test('goes below a directory that is there, under its own name', async () => {
    await using agent = await TestAgent.start();
    expect(await copyInto(agent, { path: dir, name: 'inner' }, ...tree)).toBeUndefined();
    expect(await copyInto(agent, { path: `${dir}/`, name: 'f' }, put.file('', 'x'), put.done)).toBeUndefined();
    expect(readdirSync(dir).sort()).toEqual(['f', 'inner']);
  });

  test('merges with a tree that is there', async () => {
    await using agent = await TestAgent.start();
    mkdirSync(at('new', 'empty'), { recursive: true });
    writeFileSync(at('new', 'run'), 'old');
    writeFileSync(at('new', 'empty', 'kept'), 'kept');
    expect(await copyInto(agent, { path: dir, name: 'new' }, ...tree)).toBeUndefined();
    expect(readFileSync(at('new', 'run'), 'utf8')).toBe('#!/bin/sh\n');
    expect(readdirSync(at('new')).sort()).toEqual(['empty', 'link', 'run']);
    expect(readdirSync(at('new', 'empty'))).toEqual(['kept']);
    expect(await copyInto(agent, { path: at('new') }, put.directory(), put.file('more', ''), put.up, put.done)).toBe(
      undefined,
    );
    expect(readdirSync(at('new')).sort()).toEqual(['empty', 'link', 'more', 'run']);
  });

  test('has directories that may not be written to, also where it joins a tree', async () => {
    await using agent = await TestAgent.start();
    const locked = [put.directory('', 0o500), put.directory('in', 0o500), put.file('f', 'x'), put.up, put.up, put.done];
    expect(await copyInto(agent, { path: at('new') }, ...locked)).toBeUndefined();
    mkdirSync(at('old', 'in'), { recursive: true });
    expect(await copyInto(agent, { path: at('old') }, ...locked)).toBeUndefined();
    mkdirSync(at('other'));
    expect(await copyInto(agent, { path: at('other') }, ...locked)).toBeUndefined();
    for (const path of [at('new'), at('new', 'in'), at('other', 'in')]) expect(statSync(path).mode & 0o777).toBe(0o500);
    expect(readdirSync(at('old', 'in'))).toEqual(['f']);
    execFileSync('chmod', ['-R', 'u+w', dir]);
  });

  test('keeps holes', async () => {
    await using agent = await TestAgent.start();
    const records = [put.openFile(), put.hole(1 << 30), put.data('end'), put.hole(1 << 20), put.close, put.done];
    expect(await copyInto(agent, { path: at('sparse') }, ...records)).toBeUndefined();
    const { size, blocks } = statSync(at('sparse'));
    expect(size).toBe((1 << 30) + 3 + (1 << 20));
    expect(blocks * 512).toBeLessThan(1 << 20);
  });
});

describe('a copy that is not whole', () => {
  test.each([
    ['a file', [put.openFile(), put.data('half')]],
    ['a file without DONE', [put.file('', 'whole')]],
    ['a tree', tree.slice(0, 3)],
    ['a tree without DONE', tree.slice(0, -1)],
  ])('leaves nothing: %s', async (_what, records) => {
    await using agent = await TestAgent.start();
    expect(await copyInto(agent, { path: at('x') }, ...records)).toBe(
      'the stream of the copy ended before the copy was whole',
    );
    expect(readdirSync(dir)).toEqual([]);
  });

  test('leaves what was there', async () => {
    await using agent = await TestAgent.start();
    writeFileSync(at('x'), 'old');
    await copyInto(agent, { path: at('x') }, put.openFile(), put.data('new'));
    expect(readFileSync(at('x'), 'utf8')).toBe('old');
    expect(readdirSync(dir)).toEqual(['x']);
  });

  test('leaves what was there when something stands in its way, however late that is found', async () => {
    await using agent = await TestAgent.start();
    mkdirSync(at('t', 'run'), { recursive: true });
    expect(await copyInto(agent, { path: at('t') }, ...tree)).toBe(`${at('t', 'run')}: is a directory already`);
    expect(readdirSync(at('t'))).toEqual(['run']);
  });

  test('leaves what was there when its user may not write everywhere', async ({ skip }) => {
    skip(process.getuid?.() !== 0, 'only root can become another user');
    await using agent = await TestAgent.start();
    for (const name of ['first', 'locked', 'last']) mkdirSync(at('t', name), { recursive: true });
    execFileSync('chown', ['-R', '65534', dir]);
    chmodSync(at('t', 'locked'), 0o500);
    const inner = (name: string) => [put.directory(name), put.file('f', ''), put.up];
    const records = [put.directory(), ...['first', 'locked', 'last'].flatMap(inner), put.up, put.done];
    expect(await copyInto(agent, { path: at('t'), user: '65534' }, ...records)).toMatch(
      /locked\/f: cannot be put in place: Permission denied/,
    );
    for (const name of ['first', 'last', 'locked']) expect(readdirSync(at('t', name))).toEqual([]);
    expect(readdirSync(at('t')).sort()).toEqual(['first', 'last', 'locked']);
  });
});

describe('a hostile stream', () => {
  test.each(['..', '.', '/etc', 'a/b', '../../x', 'a\0b'])('cannot use the name %j', async (name) => {
    await using agent = await TestAgent.start();
    const records = [put.directory(), put.file(name, 'x'), put.up, put.done];
    expect(await copyInto(agent, { path: at('d') }, ...records)).toBe('the stream of the copy makes no sense');
    expect(readdirSync(dir)).toEqual([]);
  });

  test('cannot go through a symlink that it made', async () => {
    await using agent = await TestAgent.start();
    mkdirSync(at('secret'));
    const through = (next: Buffer[]) => [put.directory(), put.symlink('l', at('secret')), ...next, put.up, put.done];
    expect(
      await copyInto(agent, { path: at('a') }, ...through([put.directory('l'), put.file('f', ''), put.up])),
    ).toMatch(/a\/l: cannot be opened/);
    writeFileSync(at('secret', 'f'), 'old');
    const file = [put.directory(), put.symlink('f', at('secret', 'f')), put.file('f', 'new'), put.up, put.done];
    expect(await copyInto(agent, { path: at('b') }, ...file)).toBeUndefined();
    expect(readFileSync(at('secret', 'f'), 'utf8')).toBe('old');
    expect(lstatSync(at('b', 'f')).isFile()).toBe(true);
  });

  test('cannot go through a symlink that is there already', async () => {
    await using agent = await TestAgent.start();
    mkdirSync(at('secret'));
    mkdirSync(at('t'));
    symlinkSync(at('secret'), at('t', 'sub'));
    const records = [put.directory(), put.directory('sub'), put.file('f', 'x'), put.up, put.up, put.done];
    expect(await copyInto(agent, { path: at('t') }, ...records)).toBe(`${at('t', 'sub')}: is there and no directory`);
    expect(readdirSync(at('secret'))).toEqual([]);
    expect(readdirSync(at('t'))).toEqual(['sub']);
  });

  test.each([
    ['UP above the first directory', [put.directory(), put.up, put.up]],
    ['DATA without a file', [put.directory(), put.data('x')]],
    ['a second first entry', [put.file('', 'x'), put.file('', 'y')]],
    ['a name for the first entry', [put.file('named', 'x'), put.done]],
    ['a nameless entry', [put.directory(), put.file('', 'x')]],
    ['a directory inside a file', [put.openFile(), put.directory('d')]],
    ['DONE inside a directory', [put.directory(), put.done]],
    ['DONE at once', [put.done]],
    ['an unknown record', [encodeRecord(77)]],
    ['an entry cut short', [encodeRecord(CopyRecord.FILE, Buffer.alloc(7))]],
    ['an empty symlink', [put.symlink('', '')]],
    ['a symlink with a NUL', [put.symlink('', 'a\0b')]],
    ['a hole of 3 bytes', [put.openFile(), encodeRecord(CopyRecord.HOLE, Buffer.alloc(3))]],
  ])('is refused: %s', async (_what, records) => {
    await using agent = await TestAgent.start();
    expect(await copyInto(agent, { path: at('x') }, ...records)).toBe('the stream of the copy makes no sense');
    expect(readdirSync(dir)).toEqual([]);
  });

  test('can neither nest without end nor make a file without end', async () => {
    await using agent = await TestAgent.start();
    const deep = Array.from({ length: 300 }, (_, level) => put.directory(level === 0 ? '' : 'd'));
    expect(await copyInto(agent, { path: at('deep') }, ...deep)).toMatch(/lies too deep/);
    const holes = Array.from({ length: 3 }, () => put.hole(2 ** 62));
    expect(await copyInto(agent, { path: at('big') }, put.openFile(), ...holes, put.close)).toMatch(
      /cannot be written/,
    );
    expect(readdirSync(dir)).toEqual([]);
  });

  test('that is no stream of records ends the copy', async () => {
    await using agent = await TestAgent.start();
    expect(await copyInto(agent, { path: at('x') }, Buffer.alloc(1000, 0xff))).toMatch(/ended before/);
    expect((await agent.run(['true'])).exit).toEqual({ code: 0 });
  });
});

describe('a place that cannot be', () => {
  test.each([
    ['no such directory', { path: '/no/such/place' }, '/no/such: No such file or directory'],
    ['a file that is to be a directory', { path: '/etc/passwd', directoryOnly: true }, '/etc/passwd: is no directory'],
    ['a trailing slash', { path: '/tmp/no-such-directory/' }, '/tmp/no-such-directory/: is no directory'],
    ['a device', { path: '/dev/null' }, '/dev/null: is a device, a fifo or a socket'],
    ['a directory for a file', { path: '/tmp' }, '/tmp: is a directory'],
    ['a name that leads elsewhere', { path: '/tmp', name: '../x' }, 'name: not a name in a directory'],
    ['a user that is not there', { path: '/tmp/x', user: 'no-such-user' }, 'no such user: no-such-user'],
  ])('is named: %s', async (_what, copy, message) => {
    await using agent = await TestAgent.start();
    expect(await copyInto(agent, copy, put.file('', 'x'), put.done)).toBe(message);
    expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  test('without a direction, and on a channel in use', async () => {
    await using agent = await TestAgent.start();
    const without = agent.request(FrameType.COPY);
    expect((await without.ended).failed).toMatchObject({ errno: 22, message: 'no direction' });
    const session = agent.request(FrameType.COPY, encodeCopy({ direction: 'into', path: at('x') }));
    await session.until(({ pid }) => pid > 0);
    session.send(FrameType.COPY, encodeCopy({ direction: 'into', path: at('x') }));
    await session.until(({ frames }) => frames.some(({ type }) => type === FrameType.ERROR));
    session.end();
    expect((await session.ended).exit).toEqual({ code: 1 });
    expect(existsSync(at('x'))).toBe(false);
  });
});
