import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeFields, encodeFields, readU32, stringField } from './fields.ts';
import { decodeExit } from './guest-messages.ts';
import { encodeExec } from './host-messages.ts';
import { GuestProtocolError } from './protocol-error.ts';

const field = fc.record({
  tag: fc.integer({ min: 0, max: 0xffff }),
  value: fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
});

describe('fields', () => {
  test('survive encoding and decoding, order and repetition included', () => {
    fc.assert(
      fc.property(fc.array(field), (fields) => {
        expect(decodeFields(encodeFields(fields))).toEqual(fields);
      }),
    );
  });

  test('cut anywhere but between two are refused', () => {
    const payload = encodeFields([stringField(1, 'abc'), stringField(2, 'd')]);
    const whole = [0, 9, payload.length];
    for (let length = 0; length <= payload.length; length++) {
      const decode = () => decodeFields(payload.subarray(0, length));
      if (whole.includes(length)) expect(decode).not.toThrow();
      else expect(decode).toThrow(GuestProtocolError);
    }
  });

  test('a number of the wrong size is refused', () => {
    expect(() => readU32([{ tag: 1, value: Buffer.alloc(2) }], 1)).toThrow(GuestProtocolError);
    expect(readU32([], 1)).toBeUndefined();
  });
});

test('a NUL in an argument is refused', () => {
  expect(() => encodeExec({ argv: ['a\0b'] })).toThrow(GuestProtocolError);
});

test('EXIT with neither code nor signal is refused, unknown tags are skipped', () => {
  expect(() => decodeExit(Buffer.alloc(0))).toThrow(GuestProtocolError);
  const payload = encodeFields([stringField(77, 'future'), { tag: 1, value: Buffer.of(3, 0, 0, 0) }]);
  expect(decodeExit(payload)).toEqual({ code: 3 });
});
