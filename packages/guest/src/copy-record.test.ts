import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import records from '../vectors/copy-records.json' with { type: 'json' };
import {
  CopyRecord,
  decodeEntry,
  decodeFailed,
  decodeHole,
  encodeEntry,
  encodeHole,
  encodeRecord,
  isEntryName,
} from './copy-record.ts';
import { CopyRecordParser } from './copy-record-parser.ts';

/** Records as they come out of chunks of a size; DATA is joined. */
function parsed(bytes: Buffer, size: number): { kind: number; payload: string }[] {
  const found: { kind: number; payload: string }[] = [];
  const parser = new CopyRecordParser((kind, payload) => {
    const last = found.at(-1);
    if (kind === CopyRecord.DATA && last?.kind === kind) last.payload += payload.toString('hex');
    else found.push({ kind, payload: payload.toString('hex') });
  });
  for (let at = 0; at < bytes.length; at += size) parser.push(bytes.subarray(at, at + size));
  return found;
}

const kindOf = (type: string) => CopyRecord[type as keyof typeof CopyRecord];
const payloadOf = (type: string) => Buffer.from(records.find((record) => record.type === type)?.payload ?? '', 'hex');

describe('recorded records of a copy', () => {
  test.each(records)('$type: $meaning', ({ type, payload, hex }) => {
    expect(encodeRecord(kindOf(type), Buffer.from(payload, 'hex')).toString('hex')).toBe(hex);
    expect(parsed(Buffer.from(hex, 'hex'), 1000)).toEqual([{ kind: kindOf(type), payload }]);
  });

  test('every kind has one', () => {
    expect(records.map(({ type }) => type)).toEqual(Object.keys(CopyRecord));
  });

  test('come out of chunks of any size', () => {
    const bytes = Buffer.concat(records.map(({ hex }) => Buffer.from(hex, 'hex')));
    const whole = records.map(({ type, payload }) => ({ kind: kindOf(type), payload }));
    for (let size = 1; size <= bytes.length; size++) expect(parsed(bytes, size)).toEqual(whole);
  });

  test('say what they mean', () => {
    const none = Buffer.alloc(0);
    expect(decodeEntry(payloadOf('DIRECTORY'))).toEqual({
      mode: 0o755,
      mtimeNs: 1_600_000_000_123_456_789n,
      name: none,
      target: none,
    });
    expect(decodeEntry(payloadOf('FILE'))).toEqual({
      mode: 0o4755,
      mtimeNs: -1n,
      name: Buffer.from('run'),
      target: none,
    });
    expect(decodeEntry(payloadOf('SYMLINK')).target.toString()).toBe('../x');
    expect(decodeHole(payloadOf('HOLE'))).toBe(2n ** 33n);
    expect(decodeFailed(payloadOf('FAILED'))).toEqual({ errno: 2, message: '/x: No such file or directory' });
    expect(encodeHole(2 ** 33).toString('hex')).toBe(records.find(({ type }) => type === 'HOLE')?.hex);
  });

  test('entries survive encoding and decoding', () => {
    const name = fc
      .uint8Array({ minLength: 1, maxLength: 255 })
      .map((bytes) => Buffer.from(bytes))
      .filter(isEntryName);
    const entry = fc.record({
      mode: fc.integer({ min: 0, max: 0o7777 }),
      mtimeNs: fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }),
      name,
      target: fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
    });
    fc.assert(
      fc.property(entry, (given) => {
        expect(decodeEntry(encodeEntry(CopyRecord.SYMLINK, given).subarray(5))).toEqual(given);
      }),
    );
  });
});

describe('records that cannot be', () => {
  test.each(['..', '.', 'a/b', '/', 'a\0'])('have the name %j', (name) => {
    const record = encodeEntry(CopyRecord.FILE, { mode: 0, mtimeNs: 0n, name: Buffer.from(name) });
    expect(() => decodeEntry(record.subarray(5))).toThrow('leads out of its directory');
  });

  test('are cut short, or too long', () => {
    expect(() => decodeEntry(Buffer.alloc(14))).toThrow('ends inside');
    expect(() => decodeEntry(Buffer.concat([Buffer.alloc(14), Buffer.of(200)]))).toThrow('ends inside');
    expect(() => decodeHole(Buffer.alloc(7))).toThrow('64-bit');
    expect(() => decodeFailed(Buffer.alloc(3))).toThrow('error number');
    expect(() => parsed(Buffer.of(5, 1, 0, 1, 0), 5)).toThrow('65537 bytes');
    expect(() => encodeRecord(5, Buffer.alloc(65_537))).toThrow('at most');
  });
});
