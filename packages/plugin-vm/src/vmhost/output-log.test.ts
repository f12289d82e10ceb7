import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OutputLog, type OutputStream } from './output-log.ts';

function readAll(log: OutputLog, from: number): { stream: OutputStream; text: string }[] {
  const pieces: { stream: OutputStream; text: string }[] = [];
  for (let at = from; ; ) {
    const piece = log.read(at, 7);
    if (!piece) return pieces;
    const last = pieces.at(-1);
    if (last?.stream === piece.stream) last.text += piece.bytes.toString('latin1');
    else pieces.push({ stream: piece.stream, text: piece.bytes.toString('latin1') });
    at = piece.offset + piece.bytes.length;
  }
}

describe('OutputLog', () => {
  it('keeps the newest bytes of both streams, in order, whatever was written and dropped', () => {
    const write = fc.record({
      stream: fc.constantFrom<OutputStream>(1, 2),
      size: fc.integer({ min: 0, max: 70_000 }),
      discard: fc.integer({ min: 0, max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(write, { maxLength: 30 }), (writes) => {
        const capacity = 100_000;
        const log = new OutputLog(capacity);
        const model: { stream: OutputStream; byte: number }[] = [];
        let oldest = 0;
        for (const [index, { stream, size, discard }] of writes.entries()) {
          const byte = 65 + (index % 26);
          log.append(stream, Buffer.alloc(size, byte));
          for (let i = 0; i < size; i++) model.push({ stream, byte });
          oldest = Math.max(oldest, model.length - capacity);
          if (discard === 3) {
            oldest = Math.max(oldest, model.length - 10_000);
            log.discardTo(model.length - 10_000);
          }
        }
        expect(log.end).toBe(model.length);
        expect(log.start).toBeGreaterThanOrEqual(oldest);
        expect(log.start).toBeLessThanOrEqual(Math.max(oldest, model.length));
        const expected: { stream: OutputStream; text: string }[] = [];
        for (const { stream, byte } of model.slice(log.start)) {
          const last = expected.at(-1);
          if (last?.stream === stream) last.text += String.fromCharCode(byte);
          else expected.push({ stream, text: String.fromCharCode(byte) });
        }
        expect(readAll(log, log.start)).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });

  it('stays bounded when two streams take turns byte by byte', () => {
    const log = new OutputLog(1_000_000);
    for (let i = 0; i < 50_000; i++) log.append(i % 2 === 0 ? 1 : 2, Buffer.from('x'));
    expect(log.end).toBe(50_000);
    expect(log.end - log.start).toBeLessThanOrEqual(8_192);
    expect(log.end - log.start).toBeGreaterThan(4_000);
  });
});
