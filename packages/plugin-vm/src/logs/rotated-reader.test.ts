import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RotatingFile } from '@nook/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readRotated } from './rotated-reader.ts';

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'nook-log-'));
  path = join(dir, 'log');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

async function all(source: AsyncIterable<Buffer>): Promise<string> {
  let text = '';
  for await (const bytes of source) text += bytes.toString();
  return text;
}

/** A writer that a test can end. */
function followed() {
  const abort = new AbortController();
  let running = true;
  let tell = () => {};
  return {
    following: {
      signal: abort.signal,
      running: () => running,
      onChange: (listener: () => void) => {
        tell = listener;
        return () => {};
      },
    },
    end: () => {
      running = false;
      tell();
    },
    abort: () => abort.abort(),
  };
}

describe('a rotated log', () => {
  it('is read from its older part on', async () => {
    writeFileSync(`${path}.1`, 'older\n');
    writeFileSync(path, 'newer\n');
    expect(await all(readRotated(path))).toBe('older\nnewer\n');
    await expect(all(readRotated(join(dir, 'none')))).rejects.toThrow('ENOENT');
  });

  it('is followed through its rotations, without a line lost or twice', async () => {
    const file = new RotatingFile(path, 'w', 4_000);
    const { following, end } = followed();
    let expected = '';
    const write = (line: number) => {
      expected += `line ${line}\n`;
      file.write(`line ${line}\n`);
    };
    write(0);
    let seen = '';
    for await (const bytes of readRotated(path, following)) {
      seen += bytes.toString();
      const next = expected.split('\n').length;
      if (next > 2_000) end();
      else for (let line = next; line < next + 20; line++) write(line);
    }
    expect(seen).toBe(expected);
  });

  it('is followed to what is written last, however the writer ends', async () => {
    writeFileSync(path, 'first\n');
    const { following, end } = followed();
    const reading = all(readRotated(path, following));
    setImmediate(() => {
      renameSync(path, `${path}.1`);
      writeFileSync(path, 'second\n');
      end();
    });
    expect(await reading).toBe('first\nsecond\n');
  });

  it('is left when the reader goes', async () => {
    writeFileSync(path, 'first\n');
    const { following, abort } = followed();
    let seen = '';
    for await (const bytes of readRotated(path, following)) {
      seen += bytes.toString();
      setImmediate(abort);
    }
    expect(seen).toBe('first\n');
  });
});
