import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeRecord } from '@nook/guest';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MTIME, sent, take } from './records.fixture.ts';
import { Tally } from './tally.ts';
import { TreeWriter } from './tree-writer.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'nook-writer-'));
});
afterEach(() => {
  execFileSync('chmod', ['-R', 'u+rwx', dir]);
  rmSync(dir, { recursive: true, force: true });
});

const at = (...names: string[]) => join(dir, ...names);

interface Options {
  readonly name?: string;
  readonly preserve?: boolean;
  readonly tally?: Tally;
}

/** Takes the records as a copy to `path`. */
function receive(path: string, records: readonly Buffer[], options: Options = {}): void {
  const { name, preserve = false, tally = new Tally() } = options;
  using writer = new TreeWriter({ path, name, directoryOnly: false }, { preserve, tally });
  take(writer, records);
  writer.commit();
}

const tree = [
  sent.directory('', 0o550),
  sent.file('run', 'bytes', 0o6755),
  sent.directory('locked', 0o000),
  sent.up,
  sent.symlink('link', '/etc/passwd'),
  sent.up,
  sent.done,
];

describe('a copy out of a guest', () => {
  it('has bytes, modes, times and symlinks, without setuid and setgid', () => {
    receive(at('t'), tree);
    expect(statSync(at('t')).mode & 0o7777).toBe(0o550);
    expect(statSync(at('t', 'run')).mode & 0o7777).toBe(0o755);
    expect(statSync(at('t', 'locked')).mode & 0o7777).toBe(0o000);
    expect(readlinkSync(at('t', 'link'))).toBe('/etc/passwd');
    for (const path of [at('t'), at('t', 'run'), at('t', 'locked'), at('t', 'link')]) {
      expect(lstatSync(path, { bigint: true }).mtimeNs / 1000n).toBe(MTIME / 1000n);
    }
    expect(readdirSync(dir)).toEqual(['t']);
  });

  it('has setuid and setgid when they are to be preserved', () => {
    receive(at('t'), tree, { preserve: true });
    expect(statSync(at('t', 'run')).mode & 0o7777).toBe(0o6755);
  });

  it('keeps holes as holes', () => {
    receive(at('s'), [sent.openFile(), sent.hole(2 ** 30), sent.data('x'), sent.hole(2 ** 20), sent.close, sent.done]);
    expect(statSync(at('s')).size).toBe(2 ** 30 + 1 + 2 ** 20);
    expect(statSync(at('s')).blocks * 512).toBeLessThan(2 ** 20);
  });

  it('goes below a directory that is there, replaces files, and merges trees', () => {
    writeFileSync(at('f'), 'old');
    receive(dir, [sent.file('', 'new'), sent.done], { name: 'f' });
    expect(readFileSync(at('f'), 'utf8')).toBe('new');
    mkdirSync(at('t', 'locked'), { recursive: true });
    writeFileSync(at('t', 'kept'), 'kept');
    receive(dir, tree, { name: 't' });
    expect(readdirSync(at('t')).sort()).toEqual(['kept', 'link', 'locked', 'run']);
    receive(at('t'), [sent.directory(), sent.file('more', ''), sent.up, sent.done]);
    expect(readdirSync(at('t')).sort()).toEqual(['kept', 'link', 'locked', 'more', 'run']);
    expect(readdirSync(dir).sort()).toEqual(['f', 't']);
  });
});

describe('a copy that is not whole', () => {
  it.each([
    ['a file', [sent.openFile(), sent.data('half')]],
    ['a tree', tree.slice(0, 4)],
    ['a tree without DONE', tree.slice(0, -1)],
  ])('leaves nothing: %s', (_what, records) => {
    expect(() => receive(at('x'), records)).toThrow('makes no sense');
    expect(readdirSync(dir)).toEqual([]);
  });

  it('leaves what was there when the guest gives up', () => {
    writeFileSync(at('x'), 'old');
    const records = [sent.openFile(), sent.data('new'), sent.failed('/x: cannot be read: I/O error')];
    expect(() => receive(at('x'), records)).toThrow('In the guest: /x: cannot be read: I/O error.');
    expect(readFileSync(at('x'), 'utf8')).toBe('old');
    expect(readdirSync(dir)).toEqual(['x']);
  });

  it('changes nothing when something stands in the way', () => {
    mkdirSync(at('t', 'run'), { recursive: true });
    expect(() => receive(at('t'), tree)).toThrow(`${at('t', 'run')} is a directory already.`);
    expect(readdirSync(at('t'))).toEqual(['run']);
    writeFileSync(at('file'), '');
    expect(() => receive(at('file'), tree)).toThrow('is there and no directory');
    expect(() => receive('/dev/null', [sent.file('', 'x'), sent.done])).toThrow('is a device');
    expect(() => receive(at('no', 'such'), [sent.file('', 'x'), sent.done])).toThrow('cannot be copied to');
    expect(() => receive(`${at('no')}/`, [sent.file('', 'x'), sent.done])).toThrow('is no directory');
  });
});

it('a copy that may not be put in place everywhere changes nothing', ({ skip }) => {
  if (process.getuid?.() === 0) skip('nothing is forbidden to root');
  mkdirSync(at('t', 'locked'), { recursive: true });
  // One of them comes first, whatever the order.
  for (const name of ['first', 'last']) mkdirSync(at('t', name));
  chmodSync(at('t', 'locked'), 0o500);
  const inner = (name: string) => [sent.directory(name), sent.file('f', ''), sent.up];
  const records = [sent.directory(), ...['first', 'locked', 'last'].flatMap(inner), sent.up, sent.done];
  const message = /locked\/f cannot be put in place: permission denied/;
  expect(() => receive(at('t'), records)).toThrow(message);
  for (const name of ['first', 'last']) expect(readdirSync(at('t', name))).toEqual([]);
  expect(readdirSync(at('t')).sort()).toEqual(['first', 'last', 'locked']);
});

describe('a hostile guest', () => {
  it.each(['..', '.', '/etc/passwd', 'a/b', '../../x', 'a\0b'])('cannot use the name %j', (name) => {
    const records = [sent.directory(), sent.file(name, 'x'), sent.up, sent.done];
    expect(() => receive(at('d'), records)).toThrow('leads out of its directory');
    expect(readdirSync(dir)).toEqual([]);
  });

  it('cannot write through a symlink that it made', () => {
    mkdirSync(at('secret'));
    writeFileSync(at('secret', 'f'), 'untouched');
    const intoDirectory = [
      sent.directory(),
      sent.symlink('l', at('secret')),
      sent.directory('l'),
      sent.file('f', 'evil'),
    ];
    expect(() => receive(at('a'), intoDirectory)).toThrow('file already exists');
    const intoFile = [sent.directory(), sent.symlink('l', at('secret', 'f')), sent.file('l', 'evil')];
    expect(() => receive(at('a'), intoFile)).toThrow('file already exists');
    expect(readFileSync(at('secret', 'f'), 'utf8')).toBe('untouched');
    expect(readdirSync(dir)).toEqual(['secret']);
  });

  it('cannot write through a symlink that is there', () => {
    mkdirSync(at('secret'));
    mkdirSync(at('t'));
    symlinkSync(at('secret'), at('t', 'sub'));
    const records = [sent.directory(), sent.directory('sub'), sent.file('f', 'evil'), sent.up, sent.up, sent.done];
    expect(() => receive(at('t'), records)).toThrow('is there and no directory');
    expect(readdirSync(at('secret'))).toEqual([]);
    writeFileSync(at('victim'), 'untouched');
    symlinkSync(at('victim'), at('t', 'f'));
    receive(at('t'), [sent.directory(), sent.file('f', 'mine'), sent.up, sent.done]);
    expect(readFileSync(at('victim'), 'utf8')).toBe('untouched');
    expect(lstatSync(at('t', 'f')).isFile()).toBe(true);
  });

  it.each([
    ['UP above the first directory', [sent.directory(), sent.up, sent.up]],
    ['bytes without a file', [sent.directory(), sent.data('x')]],
    ['a second first entry', [sent.file('', 'x'), sent.file('', 'y')]],
    ['a name for the first entry', [sent.file('named', 'x')]],
    ['an entry without a name', [sent.directory(), sent.file('', 'x')]],
    ['a directory inside a file', [sent.openFile(), sent.directory('d')]],
    ['UP inside a file', [sent.directory(), sent.openFile('f'), sent.up]],
    ['DONE inside a directory', [sent.directory(), sent.done]],
    ['DONE at once', [sent.done]],
    ['anything after DONE', [...tree, sent.up]],
    ['a record of no kind', [encodeRecord(77)]],
    ['a symlink to nothing', [sent.symlink('', '')]],
    ['a hole beyond all files', [sent.openFile(), sent.hole(2 ** 60)]],
  ])('is refused: %s', (_what, records) => {
    expect(() => receive(at('x'), records)).toThrow('makes no sense');
    expect(readdirSync(dir)).toEqual([]);
  });

  it('cannot send without end: bytes, files, directories in each other', () => {
    const tally = () => new Tally({ bytes: 10, entries: 5 });
    const bytes = [sent.openFile(), ...Array.from({ length: 11 }, () => sent.data('x'))];
    expect(() => receive(at('x'), bytes, { tally: tally() })).toThrow('There is more than');
    const files = [sent.directory(), ...Array.from({ length: 5 }, (_, n) => sent.file(`f${n}`, ''))];
    expect(() => receive(at('x'), files, { tally: tally() })).toThrow('more than 5 files');
    const deep = [sent.directory(), ...Array.from({ length: 300 }, () => sent.directory('d'))];
    expect(() => receive(at('x'), deep)).toThrow('nested too deep');
    expect(readdirSync(dir)).toEqual([]);
  });

  it('cannot write to the terminal', () => {
    const tally = new Tally();
    receive(at('x'), [sent.directory(), sent.skipped('/dev/\x1b[2J\u202e'), sent.up, sent.done], { tally });
    expect(tally.remarks).toEqual(['not copied: /dev/\\u{1b}[2J\\u{202e}']);
    expect(() => receive(at('y'), [sent.failed('\x1b]0;evil\x07')])).toThrow('In the guest: \\u{1b}]0;evil\\u{7}.');
  });

  it('says what was passed over in a bounded number of lines', () => {
    const tally = new Tally();
    receive(
      at('x'),
      [sent.directory(), ...Array.from({ length: 50 }, (_, n) => sent.skipped(`s${n}`)), sent.up, sent.done],
      { tally },
    );
    expect(tally.remarks).toHaveLength(21);
    expect(tally.remarks.at(-1)).toBe('not copied: 30 more of the same');
  });
});

it('the destination is no place for others while a copy is under way', () => {
  using writer = new TreeWriter({ path: at('t'), directoryOnly: false }, { preserve: false, tally: new Tally() });
  take(writer, tree.slice(0, 3));
  const [staged] = readdirSync(dir);
  expect(staged).toMatch(/^\.nook-cp-/);
  expect(statSync(at(staged as string)).mode & 0o777).toBe(0o700);
  expect(existsSync(at('t'))).toBe(false);
});
