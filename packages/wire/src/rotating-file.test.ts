import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RotatingFile } from './rotating-file.ts';

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'nook-log-'));
  path = join(dir, 'log');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('a log of bounded size', () => {
  it('keeps the latest lines, in order, and never more than its limit', () => {
    const file = new RotatingFile(path, 'w', 200);
    for (let line = 0; line < 100; line++) {
      file.write(`line ${String(line).padStart(4, '0')}\n`);
      const size = statSync(path).size + (existsSync(`${path}.1`) ? statSync(`${path}.1`).size : 0);
      expect(size).toBeLessThanOrEqual(200);
    }
    const lines = (readFileSync(`${path}.1`, 'utf8') + readFileSync(path, 'utf8')).trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(10);
    expect(lines).toEqual(
      Array.from({ length: lines.length }, (_, n) => `line ${String(100 - lines.length + n).padStart(4, '0')}`),
    );
  });

  it('begins anew or goes on, as it was opened', () => {
    new RotatingFile(path, 'w', 1000).write('first\n');
    new RotatingFile(path, 'a', 1000).write('second\n');
    expect(readFileSync(path, 'utf8')).toBe('first\nsecond\n');
    new RotatingFile(path, 'w', 1000).write('third\n');
    expect(readFileSync(path, 'utf8')).toBe('third\n');
    const again = new RotatingFile(path, 'a', 16);
    again.write('fourth\n');
    expect(readFileSync(`${path}.1`, 'utf8')).toBe('third\n');
  });

  it('takes a line that is longer than it whole', () => {
    const file = new RotatingFile(path, 'w', 10);
    file.write('x'.repeat(100));
    expect(statSync(path).size).toBe(100);
  });

  it('survives the loss of its folder', () => {
    const file = new RotatingFile(path, 'w', 10);
    rmSync(dir, { recursive: true });
    for (let line = 0; line < 5; line++) file.write('some line\n');
    file.close();
  });
});
