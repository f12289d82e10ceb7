import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_LINE_BYTES } from './limits.ts';
import { LineReader, LineTooLong } from './line-reader.ts';

function readAll(chunks: readonly Buffer[]): string[] {
  const reader = new LineReader();
  const lines: string[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let line = reader.next(); line !== undefined; line = reader.next()) lines.push(line);
  }
  const last = reader.last();
  return last === undefined ? lines : [...lines, last];
}

test('lines come out whole wherever the bytes were cut', () => {
  const text = fc.string({ unit: 'grapheme' }).map((line) => line.replaceAll('\n', ''));
  fc.assert(
    fc.property(fc.array(text), fc.array(fc.nat({ max: 40 })), (lines, sizes) => {
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
      const chunks: Buffer[] = [];
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const size = 1 + (sizes[turn % Math.max(1, sizes.length)] ?? 0);
        chunks.push(bytes.subarray(at, at + size));
        at += size;
      }
      expect(readAll(chunks)).toEqual(lines);
    }),
  );
});

test('the last line needs no newline', () => {
  expect(readAll([Buffer.from('a\nb'), Buffer.from('c')])).toEqual(['a', 'bc']);
});

test('what was not read as a line is handed over', () => {
  const reader = new LineReader();
  reader.push(Buffer.from('first\nsec'));
  reader.push(Buffer.from('ond'));
  expect(reader.next()).toBe('first');
  expect(reader.rest().toString()).toBe('second');
  expect(reader.next()).toBeUndefined();
});

test('a line of the greatest length is read, one byte more is refused, whole or in pieces', () => {
  const longest = Buffer.alloc(MAX_LINE_BYTES, 0x61);
  const newline = Buffer.from('\n');
  expect(readAll([Buffer.concat([longest, newline])])[0]).toHaveLength(MAX_LINE_BYTES);
  expect(() => readAll([Buffer.concat([longest, Buffer.from('b'), newline])])).toThrow(LineTooLong);
  expect(() => readAll([longest, Buffer.from('b')])).toThrow(LineTooLong);
});

test('bytes that are not UTF-8 are refused, a genuine U+FFFD is not', () => {
  expect(() => readAll([Buffer.from([0x22, 0xff, 0x22, 0x0a])])).toThrow('not UTF-8');
  expect(readAll([Buffer.from('\uFFFD\n')])).toEqual(['\uFFFD']);
});
