import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';

const PACKAGE = fileURLToPath(new URL('..', import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'nook-build-'));
afterAll(() => rmSync(dir, { recursive: true }));

function build(folder: string, mode: string[] = [], where = PACKAGE): Buffer {
  execFileSync('sh', [join(where, 'build.sh'), ...mode], {
    env: { ...process.env, NOOK_GUEST_OUT: join(dir, folder) },
    stdio: 'pipe',
  });
  return readFileSync(join(dir, folder, mode.length > 0 ? 'nook-init-checked' : 'nook-init'));
}

/** A copy of the sources with one function more. */
function copyWith(name: string, source: string): string {
  const copy = join(dir, name);
  cpSync(PACKAGE, copy, { recursive: true, filter: (path) => !path.includes('node_modules') });
  const file = join(copy, 'agent/frames.c');
  writeFileSync(file, `${readFileSync(file, 'utf8')}\n${source}\n`);
  return copy;
}

describe('the build of the agent', { timeout: 120_000 }, () => {
  test('gives the same bytes wherever and whenever it is made', () => {
    const first = build('one');
    cpSync(PACKAGE, join(dir, 'elsewhere'), { recursive: true, filter: (path) => !path.includes('node_modules') });
    expect(build('two', [], join(dir, 'elsewhere')).equals(first)).toBe(true);
  });

  test('is position-independent, needs nothing at run time, and has no writable code', () => {
    const program = build('one');
    const type = program.readUInt16LE(16);
    const headers = Number(program.readBigUInt64LE(32));
    const segments = Array.from({ length: program.readUInt16LE(56) }, (_, index) => {
      const at = headers + index * program.readUInt16LE(54);
      return { kind: program.readUInt32LE(at), flags: program.readUInt32LE(at + 4) };
    });
    const INTERPRETER = 3;
    const RELRO = 0x6474e552;
    expect(type).toBe(3);
    expect(segments.map(({ kind }) => kind)).not.toContain(INTERPRETER);
    expect(segments.map(({ kind }) => kind)).toContain(RELRO);
    expect(segments.filter(({ flags }) => (flags & 3) === 3)).toEqual([]);
  });

  test('has no warning, also under the analyzer and with fortified headers', () => {
    expect(build('checked', ['--check']).length).toBeGreaterThan(0);
  });

  test.each([
    ['a lost sign', 'unsigned narrow(int value); unsigned narrow(int value) { return value; }', []],
    ['no prototype', 'int loose() { return 1; }', []],
    [
      'a use of freed memory',
      '#include <stdlib.h>\nint late(int *at); int late(int *at) { free(at); return *at; }',
      ['--check'],
    ],
  ])('fails with %s', (name, source, mode) => {
    const copy = copyWith(`with ${name}`, source);
    expect(() => build(`out ${name}`, mode, copy)).toThrow(/error/);
  });
});
