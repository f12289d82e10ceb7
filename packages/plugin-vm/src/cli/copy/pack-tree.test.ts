import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packTree } from './pack-tree.ts';
import { take } from './records.fixture.ts';
import { Tally } from './tally.ts';
import { TreeWriter } from './tree-writer.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'nook-pack-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const at = (...names: string[]) => join(dir, ...names);

/** A copy of `from` as a guest would send it back. */
function roundTrip(from: string, to: string, follow = false): Tally {
  const tally = new Tally();
  using writer = new TreeWriter({ path: to, directoryOnly: false }, { preserve: true, tally: new Tally() });
  take(writer, packTree(from, follow, tally));
  writer.commit();
  return tally;
}

/** Kind, mode, size, time, name and target of all that a tree holds. */
function listing(path: string): string {
  return execFileSync('find', ['.', '-printf', '%y %m %s %.20T@ %p %l\\n'], { cwd: path, encoding: 'utf8' })
    .split('\n')
    .sort()
    .join('\n')
    .replace(/^d (\d+) \d+/gm, 'd $1');
}

describe('a tree of the host', () => {
  it('comes out as it went in', () => {
    mkdirSync(at('t', 'a', 'empty'), { recursive: true });
    for (const [name, bytes] of [
      ['big', Buffer.alloc(300_001, 'x')],
      ['empty-file', Buffer.alloc(0)],
      ['exact', Buffer.alloc(61_440 * 2, 'y')],
    ] as const) {
      writeFileSync(at('t', 'a', name), bytes);
    }
    writeFileSync(Buffer.concat([Buffer.from(`${at('t')}/`), Buffer.of(0xff, 0xfe, 0x0a)]), 'a name that is no text');
    symlinkSync('../../nowhere', at('t', 'dangling'));
    linkSync(at('t', 'a', 'big'), at('t', 'hard'));
    chmodSync(at('t', 'a', 'exact'), 0o4711);
    chmodSync(at('t', 'a', 'empty'), 0o1777);
    execFileSync('find', [at('t'), '-exec', 'touch', '-h', '-d', '@1500000000.25', '{}', '+']);
    const tally = roundTrip(at('t'), at('copy'));
    expect(listing(at('copy'))).toBe(listing(at('t')));
    expect(readFileSync(at('copy', 'hard'))).toEqual(readFileSync(at('t', 'a', 'big')));
    expect(tally.counts).toEqual({
      files: 5,
      directories: 3,
      symlinks: 1,
      bytes: 300_001 * 2 + 61_440 * 2 + 22,
      skipped: 0,
    });
  });

  it('is not followed through its symlinks, but for the source itself when that is asked for', () => {
    writeFileSync(at('secret'), 'secret');
    mkdirSync(at('t'));
    symlinkSync(at('secret'), at('t', 'l'));
    symlinkSync('t', at('to-t'));
    expect(Buffer.concat([...packTree(at('t'), false, new Tally())]).includes('secret\x05')).toBe(false);
    expect(roundTrip(at('to-t'), at('link')).counts).toMatchObject({ symlinks: 1, directories: 0 });
    expect(roundTrip(at('to-t'), at('followed'), true).counts).toMatchObject({ symlinks: 1, directories: 1, files: 0 });
    expect(roundTrip(`${at('to-t')}/`, at('slashed')).counts).toMatchObject({ symlinks: 1, directories: 1, files: 0 });
  });

  it('keeps its holes', () => {
    writeFileSync(at('s'), 'begin');
    truncateSync(at('s'), 64 * 1024 * 1024);
    roundTrip(at('s'), at('copy'));
    expect(Number(execFileSync('du', ['-k', at('copy')], { encoding: 'utf8' }).split('\t')[0])).toBeLessThan(1024);
    execFileSync('cmp', [at('s'), at('copy')]);
  });

  it('loses devices, fifos and sockets, and says so', () => {
    mkdirSync(at('t'));
    execFileSync('mkfifo', [at('t', 'fifo')]);
    const why = 'is neither a file, nor a directory, nor a symlink';
    expect(roundTrip(at('t'), at('copy')).remarks).toEqual([`not copied: ${at('t', 'fifo')}: ${why}`]);
    expect(() => roundTrip(at('t', 'fifo'), at('other'))).toThrow(`${at('t', 'fifo')} ${why}.`);
  });

  it('that is not there is named', () => {
    expect(() => roundTrip(at('nope'), at('copy'))).toThrow(`${at('nope')} cannot be read: no such file or directory.`);
  });

  it('may be files that the kernel makes up', () => {
    roundTrip('/proc/self/status', at('status'));
    expect(readFileSync(at('status'), 'utf8')).toMatch(/^Name:/);
  });
});
